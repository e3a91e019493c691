//! Poolers that give every statement to another connection: no transaction is possible through one.

use sqlx::Connection;
use tokio::time::timeout;

use super::connector::{Connector, LIMIT};
use crate::error::from_server;

/// `protocol_violation`, with which PgBouncer refuses whatever it does not do.
const REFUSED_BY_POOLER: &str = "08P01";

/// Whether a new connection, too, takes a statement, and then refuses to begin a transaction. A pooler
/// that only lacks its server refuses the first.
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

/// Whether it is a pooler that has refused a statement.
pub(crate) fn is_of_pooler(source: &sqlx::Error) -> bool {
    from_server(source).is_some_and(|error| error.code() == REFUSED_BY_POOLER)
}
