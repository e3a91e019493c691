//! Poolers that assign every statement to another connection, so transactions are impossible.

use sqlx::Connection;
use tokio::time::timeout;

use super::connector::{Connector, LIMIT};
use crate::error::from_server;

/// `protocol_violation`, with which PgBouncer refuses what it does not support.
const REFUSED_BY_POOLER: &str = "08P01";

/// Returns whether a new connection runs a statement, but refuses to begin a transaction.
///
/// A pooler that merely lacks its server refuses the statement too.
pub(crate) async fn is_without_transactions(connector: &Connector) -> bool {
    let tried = async {
        let (mut connection, _) = connector.open().await.ok()?;
        sqlx::raw_sql("SELECT 1").execute(&mut connection).await.ok()?;
        let begun = sqlx::raw_sql("BEGIN").execute(&mut connection).await;
        let is_refused = begun.is_err_and(|source| is_of_pooler(&source));
        let _ = connection.close().await;
        Some(is_refused)
    };
    timeout(LIMIT, tried).await.ok().flatten().unwrap_or(false)
}

/// Returns whether a pooler refused the statement.
pub(crate) fn is_of_pooler(source: &sqlx::Error) -> bool {
    from_server(source).is_some_and(|error| error.code() == REFUSED_BY_POOLER)
}
