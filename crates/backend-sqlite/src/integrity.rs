//! Whether a file is whole, by SQLite's own check.

use mlflow_migrate_core::Error;
use rusqlite::Connection;

use crate::error::Context;

/// How many problems are told.
const MOST: usize = 3;

/// Reads every page, and compares every index with its table.
pub(crate) fn check(connection: &Connection, context: Context<'_>) -> Result<(), Error> {
    let look = || {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({MOST})"))?;
        let problems = statement.query_map([], |row| row.get(0))?;
        problems.collect::<rusqlite::Result<Vec<String>>>()
    };
    let found = look().map_err(|source| context.error("checking the file", source))?;
    // Rows that a NOT NULL or a CHECK refuses are no damage of the file.
    let is_damage = |problem: &&String| {
        *problem != "ok"
            && !problem.starts_with("NULL value in ")
            && !problem.starts_with("CHECK constraint failed ")
    };
    let damage: Vec<&str> = found.iter().filter(is_damage).map(String::as_str).collect();
    if damage.is_empty() {
        return Ok(());
    }
    Err(Error::Corrupt { name: context.name.to_owned(), problem: damage.join("; ") })
}
