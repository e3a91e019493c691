//! Takes back what a session has done, and forgets what it knew.

use mlflow_migrate_core::Error;
use sqlx::Connection as _;

use crate::database::Postgres;

/// Rolls back the transaction, and leaves the session.
pub(crate) async fn rollback(database: &mut Postgres) -> Result<(), Error> {
    // Nothing can be said over a connection whose COMMIT nobody waits for any more.
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

/// Forgets what the session knew. Its prepared statements go while the transaction is open: a pooler
/// may give what comes after it to another connection to the server.
pub(crate) async fn leave(database: &mut Postgres, action: &str) -> Result<(), Error> {
    // What ends the session must not be ended itself.
    if let Some(canceller) = database.canceller.take() {
        canceller.end().await;
    }
    database.access = None;
    database.column_types.clear();
    let cleared = database.connection.clear_cached_statements().await;
    cleared.map_err(|source| database.context().error(action, source))
}
