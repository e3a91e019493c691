//! Alembic's version table.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::history::version_table::{CREATE, Fault, MOST_CHARACTERS, MOST_ROWS};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _};

use crate::error::Context;

pub(crate) use mlflow_migrate_core::history::version_table::NAME as VERSION_TABLE;

/// Returns the revisions in the version table; `None` if the table does not exist.
pub(crate) fn read(
    connection: &Connection,
    context: Context<'_>,
) -> Result<Option<Vec<String>>, Error> {
    let fetch = || {
        match kind(connection)?.as_deref() {
            None => return Ok(Ok(None)),
            Some("view") => return Ok(Err(Fault::View)),
            Some(_) if !has_column(connection)? => return Ok(Err(Fault::NoColumn)),
            Some(_) => {}
        }
        let sql = format!(
            "SELECT CASE typeof(version_num) WHEN 'text' THEN substr(version_num, 1, {MOST_CHARACTERS}) \
             ELSE version_num END FROM alembic_version LIMIT {MOST_ROWS} + 1"
        );
        let mut select = connection.prepare(&sql)?;
        let versions = select.query_map([], |row| row.get_ref(0).map(version))?;
        let versions: rusqlite::Result<Result<Vec<String>, Fault>> = versions.collect();
        Ok(match versions? {
            Ok(versions) if versions.len() > MOST_ROWS => Err(Fault::TooMany),
            versions => versions.map(Some),
        })
    };
    let fetched = fetch().map_err(|source| context.error("reading alembic_version", source))?;
    fetched.map_err(|fault: Fault| fault.of(context.name.to_owned()))
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
    revision: Option<&str>,
    context: Context<'_>,
) -> Result<(), Error> {
    let replace = || {
        if kind(connection)?.is_none() {
            connection.execute_batch(CREATE)?;
        }
        let rows: i64 =
            connection.query_one("SELECT count(*) FROM alembic_version", [], |row| row.get(0))?;
        // The table may have more columns, whose values stay.
        if let Some(revision) = revision.filter(|_| rows == 1) {
            connection.execute("UPDATE alembic_version SET version_num = ?1", [revision])?;
            return Ok(());
        }
        connection.execute("DELETE FROM alembic_version", [])?;
        if let Some(revision) = revision {
            connection
                .execute("INSERT INTO alembic_version (version_num) VALUES (?1)", [revision])?;
        }
        Ok(())
    };
    replace().map_err(|source| context.error("writing alembic_version", source))
}

/// Returns whether `alembic_version` is a table or a view, if it exists.
fn kind(connection: &Connection) -> rusqlite::Result<Option<String>> {
    const SQL: &str = "SELECT type FROM sqlite_schema WHERE type IN ('table', 'view') \
                       AND name = 'alembic_version' COLLATE NOCASE";
    connection.query_one(SQL, [], |row| row.get(0)).optional()
}

fn has_column(connection: &Connection) -> rusqlite::Result<bool> {
    const SQL: &str = "SELECT count(*) FROM pragma_table_xinfo('alembic_version') \
                       WHERE name = 'version_num' COLLATE NOCASE";
    connection.query_one(SQL, [], |row| row.get(0))
}
