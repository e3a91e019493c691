//! Checks that the server accepts the transactions of an upgrade.
//!
//! Copied rows, and most written rows, are divided into transactions of a suitable size. The size
//! of a transaction that cannot be divided is known beforehand.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use sea_query::Value;

use crate::database::Mysql;
use crate::limits::{self, Limit, Limits};
use crate::{rows, table_size};

/// The transaction that precedes all others, named for an error.
const NOTE: &str = "to note where the upgrade begins";

/// The bytes that the journal holds beside the schema.
const BESIDE_THE_SCHEMA: usize = 1024;

/// Checks all transactions whose size is known.
pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let limits =
        limits::read(&mut database.connection, &database.cluster, &database.context).await?;
    if limits.bytes.is_none() && limits.rows.is_none() {
        return Ok(());
    }
    let noted = (database.schema_bytes + BESIDE_THE_SCHEMA) as u64;
    let mut refusing: Vec<(String, (Limit, u64))> =
        limits.refusing_bytes(noted).map(|limit| (NOTE.to_owned(), limit)).into_iter().collect();
    for step in &plan.steps {
        let Step::Migrate { migration, .. } = step else { continue };
        let Some((table, count)) = migration.undivided(&database.platform) else { continue };
        let found = rows::query(&mut database.connection, &count, &database.context).await?;
        let rows = match found.first().and_then(|row| row.first()) {
            Some(Value::BigInt(Some(rows))) => u64::try_from(*rows).unwrap_or(0),
            Some(Value::BigUnsigned(Some(rows))) => *rows,
            _ => 0,
        };
        let row_bytes =
            table_size::row_bytes(&mut database.connection, table, &database.context).await?;
        let what = format!("to {} ({rows} rows)", migration.title());
        refusing.extend(limits.refusing(rows, row_bytes).map(|limit| (what, limit)));
    }
    // A limit that is high enough for the largest transaction is high enough for all.
    match refusing.into_iter().max_by_key(|(_, (_, needed))| *needed) {
        Some((what, limit)) => Err(limits::refusal(&what, limit, &database.context)),
        None => Ok(()),
    }
}

/// Checks that the journal can hold a text of this length.
pub(crate) async fn check_noted(database: &mut Mysql, bytes: usize) -> Result<(), Error> {
    let limits =
        limits::read(&mut database.connection, &database.cluster, &database.context).await?;
    refuse_note(database, &limits, bytes)
}

fn refuse_note(database: &Mysql, limits: &Limits, bytes: usize) -> Result<(), Error> {
    match limits.refusing_bytes(bytes as u64) {
        Some(refusing) => Err(limits::refusal(NOTE, refusing, &database.context)),
        None => Ok(()),
    }
}
