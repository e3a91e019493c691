//! Finds objects of the user whose names the upgrade needs.
//!
//! The upgrade needs the names of MLflow's new objects, and the temporary name of each rebuilt
//! table.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{NameKind, Plan, TakenName};
use mlflow_migrate_core::schema::platform::Dialect;
use rusqlite::Connection;

use crate::change::temporary_name;
use crate::error::Context;

/// Reads all names, except those that SQLite gives to the indexes of keys.
const HELD: &str = "SELECT type, name, tbl_name FROM sqlite_schema WHERE sql IS NOT NULL";

pub(super) fn check(
    connection: &Connection,
    plan: &Plan,
    context: Context<'_>,
) -> Result<(), Error> {
    let held = read(connection)
        .map_err(|source| context.error("looking for names that are taken", source))?;
    let rebuilt: Vec<String> =
        plan.changes().map(|change| temporary_name(&change.after.name)).collect();
    let is_temporary =
        |held: &TakenName| rebuilt.iter().any(|name| name.eq_ignore_ascii_case(&held.name));
    let shares = |held, new| space(held) == space(new) && space(new) > 0;
    plan.refuse_taken_names(&held, Dialect::Sqlite, shares, is_temporary)
}

/// Returns the name space of a kind: 1 for tables, views and indexes, 2 for triggers, 0 for none.
fn space(kind: NameKind) -> u8 {
    match kind {
        NameKind::Relation | NameKind::Index => 1,
        NameKind::Trigger => 2,
        NameKind::Key | NameKind::ForeignKey | NameKind::Check => 0,
    }
}

fn read(connection: &Connection) -> rusqlite::Result<Vec<TakenName>> {
    let mut held = connection.prepare(HELD)?;
    let held =
        held.query_map([], |row| Ok(TakenName::new(row.get(0)?, row.get(1)?, row.get(2)?)))?;
    held.collect()
}
