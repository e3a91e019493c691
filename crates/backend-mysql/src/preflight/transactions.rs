//! Whether the server takes the transactions of an upgrade.
//!
//! Rows that are copied, and most that are written, go in as many transactions as it takes. What goes in one
//! is known beforehand.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use sea_query::Value;

use crate::connect::Mysql;
use crate::limits::{self, Limit, Limits};
use crate::quoting::literal;
use crate::text_protocol;
use mlflow_migrate_core::rows::Rows;

/// What is done in one transaction before everything else.
const NOTE: &str = "to note where the upgrade begins";

/// What the journal notes beside the schema.
const BESIDE_THE_SCHEMA: usize = 1024;

/// Whether all transactions fit whose size is known.
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
        let Some((table, count)) = migration.undivided(database.platform()) else { continue };
        let found = database.query(count).await?;
        let rows = match found.first().and_then(|row| row.first()) {
            Some(Value::BigInt(Some(rows))) => u64::try_from(*rows).unwrap_or(0),
            Some(Value::BigUnsigned(Some(rows))) => *rows,
            _ => 0,
        };
        let row_bytes = row_bytes(database, table).await?;
        let what = format!("to {} ({rows} rows)", migration.title());
        refusing.extend(limits.refusing(rows, row_bytes).map(|limit| (what, limit)));
    }
    // What is enough for that one is enough for all.
    match refusing.into_iter().max_by_key(|(_, (_, needed))| *needed) {
        Some((what, limit)) => Err(limits::refusal(&what, limit, &database.context)),
        None => Ok(()),
    }
}

/// Whether the journal can note a text of that length.
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

/// How long the rows of a table are on average, as the server guesses.
pub(crate) async fn row_bytes(database: &mut Mysql, table: &str) -> Result<u64, Error> {
    let sql = format!(
        "SELECT AVG_ROW_LENGTH FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        literal(table)
    );
    let found = text_protocol::value(&mut database.connection, sql).await;
    let found = found.map_err(|source| database.context.error("reading sizes", source))?;
    Ok(found.and_then(|length| length.parse().ok()).unwrap_or(0))
}
