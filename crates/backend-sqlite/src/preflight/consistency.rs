//! Checks that an upgrade breaks no foreign key.
//!
//! SQLite does not enforce foreign keys during an upgrade, and MLflow's own upgrades never did. So
//! a database may already hold broken references. Only new ones are an error.

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::VerificationError;
use rusqlite::Connection;

use crate::ddl::quote_identifier;
use crate::error::Context;

/// The number of broken references, by table and referenced table.
pub(crate) type Violations = BTreeMap<(String, String), u64>;

/// Counts the broken references of tables, and refuses more than were known before.
pub(crate) fn check(
    connection: &Connection,
    tables: &[String],
    known: Option<Violations>,
    context: Context<'_>,
) -> Result<Violations, Error> {
    let found = count(connection, tables, context)?;
    let Some(known) = known else { return Ok(found) };
    let more: Vec<String> = found
        .iter()
        .filter(|(reference, count)| known.get(reference).is_none_or(|known| known < count))
        .map(|((table, parent), count)| format!("{table} to {parent} ({count} rows)"))
        .collect();
    if more.is_empty() {
        return Ok(known);
    }
    Err(Error::Verification(VerificationError::ForeignKeys { violations: more.join(", ") }))
}

fn count(
    connection: &Connection,
    tables: &[String],
    context: Context<'_>,
) -> Result<Violations, Error> {
    let mut violations = Violations::new();
    for table in tables {
        let mut collect = || {
            let sql = format!("PRAGMA foreign_key_check({})", quote_identifier(table));
            let mut statement = connection.prepare(&sql)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let reference = (table.clone(), row.get::<_, String>(2)?);
                *violations.entry(reference).or_default() += 1;
            }
            Ok(())
        };
        collect().map_err(|source| context.error("checking foreign keys", source))?;
    }
    Ok(violations)
}
