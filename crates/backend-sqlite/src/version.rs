//! Alembic's version table.

use mlflow_migrate_core::Error;
use rusqlite::Connection;

use crate::error::Context;

/// As Alembic creates it.
const CREATE: &str = "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\t\
                      CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)";

/// The revisions in the version table; `None` if it does not exist.
pub(crate) fn read(
    connection: &Connection,
    context: Context<'_>,
) -> Result<Option<Vec<String>>, Error> {
    let fetch = || {
        if !exists(connection)? {
            return Ok(None);
        }
        let mut select = connection.prepare("SELECT version_num FROM alembic_version")?;
        let versions = select.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        Ok(Some(versions))
    };
    fetch().map_err(|source| context.error("reading alembic_version", source))
}

/// Makes `revision` the only one in the version table.
pub(crate) fn write(
    connection: &Connection,
    revision: Option<&str>,
    context: Context<'_>,
) -> Result<(), Error> {
    let replace = || {
        if !exists(connection)? {
            connection.execute_batch(CREATE)?;
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

fn exists(connection: &Connection) -> rusqlite::Result<bool> {
    connection.table_exists(None, "alembic_version")
}
