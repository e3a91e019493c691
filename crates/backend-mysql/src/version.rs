//! Alembic's version table.

use mlflow_migrate_core::Error;
use sqlx::MySqlConnection;

use crate::create::{self, is_missing};
use crate::error::Context;
use crate::text;

/// Its name.
pub(crate) const TABLE: &str = "alembic_version";

/// As Alembic creates it: in the database's default character set.
const CREATE: &str = "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\t\
                      CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)";

/// The revisions in the version table; `None` if it does not exist.
pub(crate) async fn read(
    connection: &mut MySqlConnection,
    context: &Context,
) -> Result<Option<Vec<String>>, Error> {
    match text::rows(connection, "SELECT version_num FROM alembic_version").await {
        Ok(rows) => Ok(Some(rows.into_iter().flatten().flatten().collect())),
        Err(source) if is_missing(&source) => Ok(None),
        Err(source) => Err(context.error("reading alembic_version", source)),
    }
}

/// Makes `revision` the only one in the version table.
pub(crate) async fn write(
    connection: &mut MySqlConnection,
    revision: Option<&str>,
    is_in_transaction: bool,
    context: &Context,
) -> Result<(), Error> {
    let replace = async {
        if !create::is_there(connection, TABLE).await? {
            create::table(connection, TABLE, CREATE).await?;
        }
        if !is_in_transaction {
            text::run(connection, "START TRANSACTION").await?;
        }
        text::run(connection, "DELETE FROM alembic_version").await?;
        if let Some(revision) = revision {
            sqlx::query("INSERT INTO alembic_version (version_num) VALUES (?)")
                .bind(revision)
                .execute(&mut *connection)
                .await?;
        }
        if !is_in_transaction {
            text::run(connection, "COMMIT").await?;
        }
        Ok(())
    };
    let replaced: Result<(), sqlx::Error> = replace.await;
    if let Err(source) = replaced {
        if !is_in_transaction {
            // The error to tell is the first one.
            let _ = text::run(connection, "ROLLBACK").await;
        }
        return Err(context.error("writing alembic_version", source));
    }
    Ok(())
}
