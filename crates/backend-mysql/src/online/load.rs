//! Reads how busy the server is.

use mlflow_migrate_core::Error;

use crate::database::Mysql;
use crate::text_protocol;

/// Returns the number of statements that other sessions run.
///
/// `Threads_running` needs no privilege, and counts the session that asks.
pub(crate) async fn running_statements(database: &mut Mysql) -> Result<u64, Error> {
    let sql = "SHOW GLOBAL STATUS LIKE 'Threads_running'";
    let rows = text_protocol::rows(&mut database.connection, sql).await;
    let running = rows.and_then(|rows| {
        let running = rows.first().and_then(|row| text_protocol::cell(row, 1).parse::<u64>().ok());
        running.ok_or(sqlx::Error::RowNotFound)
    });
    let running = running.map_err(|source| database.context.error("reading the load", source))?;
    Ok(running.saturating_sub(1))
}
