//! Locks tables briefly before the first change.
//!
//! A session that holds one of the tables later would stop the upgrade half-way.

use mlflow_migrate_core::Error;

use crate::database::Mysql;
use crate::quoting::quote;
use crate::{cancel, text_protocol};

const TABLES: &str = "SELECT TABLE_NAME FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";

/// Locks the existing ones among the tables for a moment, if the user has the privilege.
pub(crate) async fn lock_briefly(database: &mut Mysql, tables: &[String]) -> Result<(), Error> {
    let action = "waiting for the tables";
    let found = text_protocol::rows(&mut database.connection, TABLES).await;
    let found = found.map_err(|source| database.context.error(action, source))?;
    let is_wanted = |table: &String| tables.contains(table);
    let there: Vec<String> = found.into_iter().flatten().flatten().filter(is_wanted).collect();
    if there.is_empty() {
        return Ok(());
    }
    let locks: Vec<String> = there.iter().map(|table| format!("{} WRITE", quote(table))).collect();
    let sql = format!("LOCK TABLES {}", locks.join(", "));
    let Mysql { connection, canceller, context, .. } = &mut *database;
    let locked =
        cancel::run(canceller.as_ref(), action, context, text_protocol::run(connection, sql)).await;
    let unlocked = match locked {
        Err(Error::ConnectionLost { .. }) => Ok(()),
        _ => database.run(action, "UNLOCK TABLES").await,
    };
    match locked {
        Err(
            error @ (Error::Locked { .. }
            | Error::Conflict { .. }
            | Error::ConnectionLost { .. }
            | Error::Stopped),
        ) => Err(error),
        // The user lacks a privilege, or a trigger needs a missing object. A change needs neither.
        Ok(_) | Err(_) => unlocked,
    }
}
