//! Rolls a session back, and discards its state.

use mlflow_migrate_core::Error;
use sqlx::Connection as _;

use crate::database::Postgres;

/// Rolls back the transaction, and leaves the session.
pub(crate) async fn rollback(database: &mut Postgres) -> Result<(), Error> {
    // Nothing can be sent over a connection whose COMMIT is still unanswered.
    if database.is_abandoned {
        return Ok(());
    }
    let left = leave(database, "rolling back").await;
    let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut database.connection);
    match database.line.long(rolled_back).await {
        Ok(_) => left,
        Err(source) => Err(database.context().error("rolling back", source)),
    }
}

/// Discards the session's state.
///
/// The prepared statements are closed while the transaction is open: afterwards, a pooler may
/// assign another connection to the server.
pub(crate) async fn leave(database: &mut Postgres, action: &str) -> Result<(), Error> {
    if let Some(watch) = database.watch.take() {
        watch.end().await;
    }
    // The canceller must not cancel the statement that ends the session.
    if let Some(canceller) = database.canceller.take() {
        canceller.end().await;
    }
    database.access = None;
    database.column_types.clear();
    let cleared = database.connection.clear_cached_statements().await;
    cleared.map_err(|source| database.context().error(action, source))
}
