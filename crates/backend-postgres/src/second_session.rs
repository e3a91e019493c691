//! A second session beside the one that upgrades, for questions about that one.

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::timeout;

use crate::login::connector::{Connector, LIMIT};
use crate::search_path::alone;

/// A session that connects at its first question.
pub(crate) struct SecondSession {
    connector: Connector,
    connection: Option<PgConnection>,
}

impl SecondSession {
    /// Returns a session without a connection.
    pub(crate) fn new(connector: Connector) -> Self {
        Self { connector, connection: None }
    }

    /// Runs a query. Returns `None` if the server does not answer in time, or refuses the query.
    pub(crate) async fn ask(&mut self, query: &str) -> Option<Vec<PgRow>> {
        let mut connection = self.connection.take();
        let asked = async {
            let connection = match &mut connection {
                Some(connection) => connection,
                None => connection.insert(self.connector.open().await?.0),
            };
            sqlx::raw_sql(AssertSqlSafe(alone(query))).fetch_all(connection).await
        };
        let rows = timeout(LIMIT, asked).await.ok()?.ok()?;
        self.connection = connection;
        Some(rows)
    }

    /// Closes the connection as the protocol requires.
    pub(crate) async fn end(self) {
        if let Some(connection) = self.connection {
            // If closing fails, the connection is gone already.
            let _ = timeout(LIMIT, connection.close()).await;
        }
    }
}
