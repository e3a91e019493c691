//! Creates tables, and tells whether one is really there.
//!
//! Before MySQL 8.0 and MariaDB 10.6 a server that dies while it creates a table can leave its definition
//! without the table. Such a one is listed, cannot be opened, and is in the way of the next `CREATE TABLE`.

use crate::connection::Connection;
use crate::error::{is_missing_table, server_error};
use crate::quoting::quote;
use crate::text_protocol;

/// After the name of a table: it is refused of a view. Whoever reads a view can call a function with
/// rights of their own, and the owner of the database can put one in the place of any table.
pub(crate) const NO_VIEW: &str = " USE INDEX ()";

/// Whether a table can be opened, whatever is in it, and whoever may read it.
pub(crate) async fn is_there(
    connection: &mut Connection,
    table: &str,
) -> Result<bool, sqlx::Error> {
    match text_protocol::run_soon(connection, format!("SELECT 1 FROM {} LIMIT 0", quote(table)))
        .await
    {
        Err(source) if is_missing_table(&source) => Ok(false),
        Err(source) if server_error(&source).is_none() => Err(source),
        _ => Ok(true),
    }
}

/// Runs the `CREATE TABLE` of a table that is not there.
pub(crate) async fn create(
    connection: &mut Connection,
    table: &str,
    sql: &str,
) -> Result<(), sqlx::Error> {
    match text_protocol::run_alone(connection, sql).await {
        // Of a table that is there, the server would say that it is.
        Err(source) if is_missing_table(&source) => {
            text_protocol::run(connection, format!("DROP TABLE IF EXISTS {}", quote(table)))
                .await?;
            text_protocol::run_alone(connection, sql).await.map(|_| ())
        }
        done => done.map(|_| ()),
    }
}
