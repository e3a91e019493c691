//! Alembic's version table.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::graphs::{GraphName, VersionTable};
use mlflow_migrate_core::history::version_table::{Fault, MOST_CHARACTERS, MOST_ROWS};
use sqlx::AssertSqlSafe;

use crate::connection::Connection;
use crate::error::{Context, is_missing_table, is_view, server_error};
use crate::tables::{self, NO_VIEW};
use crate::text_protocol;

/// The version table of the only graph that this server can hold.
const VERSION_TABLE: VersionTable = GraphName::Tracking.version_table();

pub(crate) const TABLE: &str = VERSION_TABLE.name();

/// `ER_BAD_FIELD_ERROR`
const BAD_FIELD: u16 = 1054;

/// Returns the revisions in the version table; `None` if the table does not exist.
pub(crate) async fn read(
    connection: &mut Connection,
    context: &Context,
) -> Result<Option<Vec<String>>, Error> {
    const KIND: &str = "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = DATABASE() \
                        AND TABLE_NAME = 'alembic_version' AND TABLE_TYPE = 'VIEW'";
    let refuse = |fault: Fault| Err(fault.of(VERSION_TABLE, context.name.clone()));
    let failed = |source| context.error("reading alembic_version", source);
    if text_protocol::value(connection, KIND).await.map_err(failed)?.is_some() {
        return refuse(Fault::View);
    }
    let sql = format!(
        "SELECT LEFT(version_num, {MOST_CHARACTERS}) FROM alembic_version{NO_VIEW} LIMIT {}",
        MOST_ROWS + 1
    );
    let rows = match text_protocol::rows(connection, sql).await {
        Ok(rows) => rows,
        Err(source) if is_missing_table(&source) => return Ok(None),
        Err(source) if is_view(&source) => return refuse(Fault::View),
        Err(source) if server_error(&source).is_some_and(|(number, _)| number == BAD_FIELD) => {
            return refuse(Fault::NoColumn);
        }
        Err(source) => return Err(failed(source)),
    };
    if rows.len() > MOST_ROWS {
        return refuse(Fault::TooMany);
    }
    let versions: Option<Vec<String>> = rows.into_iter().flatten().collect();
    versions.map_or_else(|| refuse(Fault::Null), |versions| Ok(Some(versions)))
}

/// Returns whether the table has one row and more than Alembic's column, which are to be kept.
async fn has_more(connection: &mut Connection) -> Result<bool, sqlx::Error> {
    let columns = text_protocol::rows(connection, "SHOW COLUMNS FROM alembic_version").await?;
    if columns.len() == 1 {
        return Ok(false);
    }
    let rows =
        text_protocol::rows(connection, format!("SELECT 1 FROM alembic_version{NO_VIEW} LIMIT 2"))
            .await?;
    Ok(rows.len() == 1)
}

/// Makes `revision` the only one in the version table.
pub(crate) async fn write(
    connection: &mut Connection,
    revision: Option<&str>,
    is_in_transaction: bool,
    context: &Context,
) -> Result<(), Error> {
    let replace = async {
        if !tables::is_there(connection, TABLE).await? {
            tables::create(connection, TABLE, &VERSION_TABLE.create()).await?;
        }
        if !is_in_transaction {
            text_protocol::run_soon(connection, "START TRANSACTION").await?;
        }
        if let (Some(revision), true) = (revision, has_more(connection).await?) {
            let sql = format!("UPDATE alembic_version{NO_VIEW} SET version_num = ?");
            let query = sqlx::query(AssertSqlSafe(sql)).bind(revision);
            connection.line.brief(query.execute(&mut connection.driver)).await?;
        } else {
            let sql = format!("DELETE FROM alembic_version USING alembic_version{NO_VIEW}");
            text_protocol::run(connection, sql).await?;
        }
        let sql = format!("SELECT 1 FROM alembic_version{NO_VIEW} LIMIT 1");
        let is_written = text_protocol::value(connection, sql).await?.is_some();
        if let Some(revision) = revision.filter(|_| !is_written) {
            let sql = "INSERT INTO alembic_version (version_num) VALUES (?)";
            let query = sqlx::query(sql).bind(revision);
            connection.line.brief(query.execute(&mut connection.driver)).await?;
        }
        if !is_in_transaction {
            text_protocol::run(connection, "COMMIT").await?;
        }
        Ok(())
    };
    let replaced: Result<(), sqlx::Error> = replace.await;
    if let Err(source) = replaced {
        if !is_in_transaction {
            // Report the first error.
            let _ = text_protocol::run(connection, "ROLLBACK").await;
        }
        return Err(context.error("writing alembic_version", source));
    }
    Ok(())
}
