//! Runs statements on the connection.

use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, Row as _};

use crate::connect::Postgres;
use crate::error::{is_lock_failure, is_row_security};

impl Postgres {
    /// An error seen while doing `action`. One about a lock names the sessions that hold it, for which
    /// the transaction has to end.
    pub(crate) async fn failed(&mut self, action: &str, source: sqlx::Error) -> Error {
        let is_lock = is_lock_failure(&source);
        if is_row_security(&source) {
            return self.hidden_rows_after(action, source).await;
        }
        let error = self.context().error(action, source);
        match error {
            Error::Locked { name, waited_seconds, .. } if is_lock => {
                let holders = self.table_lock_holders().await;
                Error::Locked { name, waited_seconds, holders }
            }
            other => other,
        }
    }

    /// Runs one or more statements without values, however long they take.
    pub(crate) async fn run(&mut self, sql: String, action: &str) -> Result<(), Error> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        match self.line.long(done).await {
            Ok(_) => Ok(()),
            Err(source) => Err(self.failed(action, source).await),
        }
    }

    /// Runs statements that are soon done.
    pub(crate) async fn run_soon(&mut self, sql: String, action: &str) -> Result<(), Error> {
        self.run_soon_after(Duration::ZERO, sql, action).await
    }

    /// Runs statements that are soon done once they have a lock that takes so long at most.
    pub(crate) async fn run_soon_after(
        &mut self,
        wait: Duration,
        sql: String,
        action: &str,
    ) -> Result<(), Error> {
        let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        match self.line.brief_after(wait, done).await {
            Ok(_) => Ok(()),
            Err(source) => Err(self.failed(action, source).await),
        }
    }

    /// Runs a statement that changes the schema: what was prepared before may not fit any more.
    pub(crate) async fn define(&mut self, sql: String, action: &str) -> Result<(), Error> {
        self.column_types.clear();
        if let Err(source) = self.connection.clear_cached_statements().await {
            return Err(self.failed(action, source).await);
        }
        self.run(sql, action).await
    }

    /// The rows of a query about the schema, whose name is its only parameter.
    pub(crate) async fn catalog(
        &mut self,
        sql: &'static str,
        action: &str,
    ) -> Result<Vec<PgRow>, Error> {
        let query = sqlx::query(sql).bind(self.schema.clone());
        match self.line.rows(query.fetch(&mut self.connection)).await {
            Ok(rows) => Ok(rows),
            Err(source) => Err(self.failed(action, source).await),
        }
    }

    /// One number of the catalogue's, read by a query without parameters.
    pub(crate) async fn number(&mut self, sql: String, action: &str) -> Result<i64, Error> {
        let numbers = self.numbers(sql, action).await?;
        Ok(numbers.first().copied().unwrap_or(0))
    }

    /// The numbers in the one row of a query of the catalogue without parameters.
    pub(crate) async fn numbers(&mut self, sql: String, action: &str) -> Result<Vec<i64>, Error> {
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let row = self.line.brief(query.fetch_one(&mut self.connection)).await;
        self.numbers_of(row, action).await
    }

    /// How many rows there are by a query that reads them all.
    pub(crate) async fn count(&mut self, sql: String, action: &str) -> Result<i64, Error> {
        let counts = self.counts(sql, action).await?;
        Ok(counts.first().copied().unwrap_or(0))
    }

    /// The numbers in the one row of such a query.
    pub(crate) async fn counts(&mut self, sql: String, action: &str) -> Result<Vec<i64>, Error> {
        let query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
        let row = self.line.long(query.fetch_one(&mut self.connection)).await;
        self.numbers_of(row, action).await
    }

    async fn numbers_of(
        &mut self,
        row: sqlx::Result<PgRow>,
        action: &str,
    ) -> Result<Vec<i64>, Error> {
        let row = match row {
            Ok(row) => row,
            Err(source) => return Err(self.failed(action, source).await),
        };
        let numbers: Result<Vec<i64>, _> = (0..row.len()).map(|at| row.try_get(at)).collect();
        numbers.map_err(|source| self.context().error(action, source))
    }

    /// Whether this session may change anything.
    pub(crate) fn is_upgrade(&self) -> bool {
        self.access == Some(SessionMode::Upgrade)
    }
}
