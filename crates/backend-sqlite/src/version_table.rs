//! Alembic's version table.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::graphs::VersionTable;
use mlflow_migrate_core::history::version_table::{Fault, MOST_CHARACTERS, MOST_ROWS};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Context;

/// Returns the revisions in the version table; `None` if the table does not exist.
pub(crate) fn read(
    connection: &Connection,
    table: VersionTable,
    context: Context<'_>,
) -> Result<Option<Vec<String>>, Error> {
    let fetch = || {
        match kind(connection, table)?.as_deref() {
            None => return Ok(Ok(None)),
            Some("view") => return Ok(Err(Fault::View)),
            Some(_) if !has_column(connection, table)? => return Ok(Err(Fault::NoColumn)),
            Some(_) => {}
        }
        let sql = format!(
            "SELECT CASE typeof(version_num) WHEN 'text' THEN substr(version_num, 1, {MOST_CHARACTERS}) \
             ELSE version_num END FROM {table} LIMIT {MOST_ROWS} + 1"
        );
        let mut select = connection.prepare(&sql)?;
        let versions = select.query_map([], |row| row.get_ref(0).map(version))?;
        let versions: rusqlite::Result<Result<Vec<String>, Fault>> = versions.collect();
        Ok(match versions? {
            Ok(versions) if versions.len() > MOST_ROWS => Err(Fault::TooMany),
            versions => versions.map(Some),
        })
    };
    let fetched = fetch().map_err(|source| context.error(&format!("reading {table}"), source))?;
    fetched.map_err(|fault: Fault| fault.of(table, context.name.to_owned()))
}

fn version(value: ValueRef<'_>) -> Result<String, Fault> {
    match value {
        ValueRef::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Null => Err(Fault::Null),
        ValueRef::Integer(_) | ValueRef::Real(_) | ValueRef::Blob(_) => Err(Fault::NoText),
    }
}

/// Makes `revision` the only one in the version table; `None` empties the table.
pub(crate) fn write(
    connection: &Connection,
    table: VersionTable,
    revision: Option<&str>,
    context: Context<'_>,
) -> Result<(), Error> {
    let replace = || {
        if kind(connection, table)?.is_none() {
            connection.execute_batch(&table.create())?;
        }
        let rows: i64 =
            connection.query_one(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))?;
        // The table may have more columns, whose values stay.
        if let Some(revision) = revision.filter(|_| rows == 1) {
            let sql = format!("UPDATE {table} SET version_num = ?1");
            connection.execute(&sql, [revision])?;
            return Ok(());
        }
        connection.execute(&format!("DELETE FROM {table}"), [])?;
        if let Some(revision) = revision {
            let sql = format!("INSERT INTO {table} (version_num) VALUES (?1)");
            connection.execute(&sql, [revision])?;
        }
        Ok(())
    };
    replace().map_err(|source| context.error(&format!("writing {table}"), source))
}

/// Returns whether the version table is a table or a view, if it exists.
fn kind(connection: &Connection, table: VersionTable) -> rusqlite::Result<Option<String>> {
    const SQL: &str = "SELECT type FROM sqlite_schema WHERE type IN ('table', 'view') \
                       AND name = ?1 COLLATE NOCASE";
    connection.query_one(SQL, [table.name()], |row| row.get(0)).optional()
}

fn has_column(connection: &Connection, table: VersionTable) -> rusqlite::Result<bool> {
    const SQL: &str = "SELECT count(*) FROM pragma_table_xinfo(?1) \
                       WHERE name = 'version_num' COLLATE NOCASE";
    connection.query_one(SQL, [table.name()], |row| row.get(0))
}
