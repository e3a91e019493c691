//! Creates tables, and checks whether a table really exists.
//!
//! Before MySQL 8.0 and MariaDB 10.6, a server that crashes while it creates a table can leave the
//! definition without the table. The server lists such a table and cannot open it, and the next
//! `CREATE TABLE` fails.

use crate::connection::Connection;
use crate::error::{is_missing_table, server_error};
use crate::quoting::quote;
use crate::text_protocol;

/// Follows a table's name in a query: the server refuses the clause for a view.
///
/// A view can call a function with the rights of the user who reads it. The database's owner can
/// put a view in the place of any table.
pub(crate) const NO_VIEW: &str = " USE INDEX ()";

/// Returns whether a table can be opened, whatever it holds and whoever may read it.
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

/// Runs the `CREATE TABLE` of a table that does not exist.
pub(crate) async fn create(
    connection: &mut Connection,
    table: &str,
    sql: &str,
) -> Result<(), sqlx::Error> {
    match text_protocol::run_alone(connection, sql).await {
        // For a table that exists, the server would report that it does.
        Err(source) if is_missing_table(&source) => {
            text_protocol::run(connection, format!("DROP TABLE IF EXISTS {}", quote(table)))
                .await?;
            text_protocol::run_alone(connection, sql).await.map(|_| ())
        }
        done => done.map(|_| ()),
    }
}
