//! Writes rows in short transactions while other programs write.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::connect;
use crate::database::Mysql;

/// A session of its own.
struct OnlineRows(Mysql);

/// Opens a session that writes rows in short transactions.
pub(crate) async fn rows_online(database: &mut Mysql) -> Result<Box<dyn Rows>, Error> {
    Ok(Box::new(OnlineRows(connect::open_online(database).await?)))
}

#[async_trait]
impl Rows for OnlineRows {
    fn platform(&self) -> &Platform {
        self.0.platform()
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        self.0.query(select).await
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.0.execute(statement).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.0.insert(table, columns, rows).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        self.0.update(update, rows).await
    }

    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        None
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        Some(self)
    }
}

#[async_trait]
impl RowTransactions for OnlineRows {
    async fn begin_rows(&mut self) -> Result<(), Error> {
        self.0.begin_rows().await
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        self.0.commit_rows().await
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        self.0.rollback_rows().await
    }

    /// Does nothing: what is written beforehand can be computed again.
    async fn note_more_losses(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
