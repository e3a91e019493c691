//! Empties tables with `TRUNCATE TABLE`.

use mlflow_migrate_core::Error;
use sea_query::SelectStatement;

use super::query;
use crate::database::Mysql;
use crate::error::{server_error, unless_denied};
use crate::quoting::{literal, quote};
use crate::{journal, privileges, session, text_protocol};

/// Errors after which a `DELETE` may still succeed.
///
/// The user lacks the privilege (`ER_TABLEACCESS_DENIED_ERROR`), or a foreign key refers to the
/// table (`ER_TRUNCATE_ILLEGAL_FK`).
const REFUSED: [u16; 2] = [1142, 1701];

/// Truncates a table where the result equals a `DELETE`, and returns the former row count.
///
/// `None` if the table is not truncated: a trigger may exist, `others` finds further rows, other
/// nodes take writes, or the server refuses. Like all DDL on MySQL, the statement commits what came
/// before.
pub(crate) async fn truncate(
    database: &mut Mysql,
    table: &str,
    others: SelectStatement,
) -> Result<Option<u64>, Error> {
    // Sessions on other nodes can write to the table, whatever is locked on this one.
    if database.cluster.has_other_writers() || may_have_triggers(database, table).await? {
        return Ok(None);
    }
    let was_in_transaction = database.in_transaction;
    session::end_transaction(database, "COMMIT").await?;
    let action = format!("emptying {table}");
    let lock = format!("LOCK TABLES {} WRITE, {} WRITE", quote(table), journal::TABLE);
    let lock = database.run_soon(&action, &lock).await;
    let done = match lock {
        Ok(()) => {
            let done = truncate_locked(database, table, others).await;
            let unlocked = database.run_soon(&action, "UNLOCK TABLES").await;
            done.and_then(|rows| unlocked.map(|()| rows))
        }
        Err(error) => unless_denied(error),
    };
    if was_in_transaction {
        session::begin_transaction(database).await?;
    }
    done
}

async fn truncate_locked(
    database: &mut Mysql,
    table: &str,
    others: SelectStatement,
) -> Result<Option<u64>, Error> {
    let action = format!("emptying {table}");
    let others = query(&mut database.connection, &others, &database.context).await?;
    if !others.is_empty() {
        return Ok(None);
    }
    let rows = format!("SELECT COUNT(*) FROM {}", quote(table));
    let rows = text_protocol::value_of_tables(&mut database.connection, rows).await;
    let rows = rows.map_err(|source| database.context.error(&action, source))?;
    // The truncated rows are gone even if the upgrade fails later.
    let count = rows.as_deref().and_then(|rows| rows.parse().ok()).unwrap_or(0);
    database.run(&action, &journal::note_more_losses(count)).await?;
    let truncate = format!("TRUNCATE TABLE {}", quote(table));
    match text_protocol::run(&mut database.connection, truncate).await {
        Ok(_) => Ok(Some(count)),
        Err(source) if is_refused(&source) => Ok(None),
        Err(source) => Err(database.context.error(&action, source)),
    }
}

async fn may_have_triggers(database: &mut Mysql, table: &str) -> Result<bool, Error> {
    if !privileges::hidden_triggers(
        &mut database.connection,
        &[table.to_owned()],
        &database.context,
    )
    .await?
    .is_empty()
    {
        return Ok(true);
    }
    let triggers = format!(
        "SELECT COUNT(*) FROM information_schema.TRIGGERS \
         WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = {}",
        literal(table)
    );
    let found = text_protocol::value(&mut database.connection, triggers).await;
    let found =
        found.map_err(|source| database.context.error(&format!("looking at {table}"), source))?;
    Ok(found.as_deref() != Some("0"))
}

fn is_refused(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| REFUSED.contains(&number))
}
