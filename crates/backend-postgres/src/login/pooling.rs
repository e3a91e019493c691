//! Poolers that give every statement to another connection: no transaction is possible through one.

use mlflow_migrate_core::Error;
use sqlx::{AssertSqlSafe, Connection};
use tokio::time::timeout;

use crate::cancel::LIMIT;
use crate::connect::Postgres;
use crate::error::from_server;

/// `protocol_violation`, with which PgBouncer refuses whatever it does not do.
const REFUSED_BY_POOLER: &str = "08P01";

impl Postgres {
    /// Begins a transaction, or says that none is possible here.
    pub(crate) async fn begin_transaction(
        &mut self,
        sql: String,
        action: &str,
    ) -> Result<(), Error> {
        let begun = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        match self.line.brief(begun).await {
            Ok(_) => Ok(()),
            Err(source) if is_of_pooler(&source) && self.is_without_transactions().await => {
                Err(Error::Unreachable {
                    name: self.name.clone(),
                    problem: "a pooler stands before the server, and allows no transactions \
                              (pool_mode = statement)"
                        .to_owned(),
                    hint: "nothing was changed; give the URL of the server itself, or let the pooler use \
                           pool_mode = transaction or session for this database"
                        .to_owned(),
                })
            }
            Err(source) => Err(self.failed(action, source).await),
        }
    }

    /// Whether a new connection, too, takes a statement, and then refuses to begin a transaction. A pooler
    /// that only lacks its server refuses the first.
    async fn is_without_transactions(&self) -> bool {
        let tried = async {
            let (mut connection, _) = self.connector.open().await.ok()?;
            sqlx::raw_sql("SELECT 1").execute(&mut connection).await.ok()?;
            let begun = sqlx::raw_sql("BEGIN").execute(&mut connection).await;
            let is_refused = begun.is_err_and(|source| is_of_pooler(&source));
            let _ = connection.close().await;
            Some(is_refused)
        };
        timeout(LIMIT, tried).await.ok().flatten().unwrap_or(false)
    }
}

fn is_of_pooler(source: &sqlx::Error) -> bool {
    from_server(source).is_some_and(|error| error.code() == REFUSED_BY_POOLER)
}
