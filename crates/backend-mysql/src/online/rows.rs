//! Writes rows in short transactions while other programs write.

use std::time::Instant;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::connect;
use crate::database::Mysql;

/// A session that rests after each transaction.
struct OnlineRows {
    database: Mysql,
    throttle: f64,
    began: Instant,
}

/// Opens a session that writes rows in short transactions.
pub(crate) async fn rows_online(
    database: &mut Mysql,
    throttle: f64,
) -> Result<Box<dyn Rows>, Error> {
    let database = connect::open_online(database).await?;
    Ok(Box::new(OnlineRows { database, throttle, began: Instant::now() }))
}

#[async_trait]
impl Rows for OnlineRows {
    fn platform(&self) -> &Platform {
        self.database.platform()
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        self.database.query(select).await
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.database.execute(statement).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.database.insert(table, columns, rows).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        self.database.update(update, rows).await
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
        self.began = Instant::now();
        self.database.begin_rows().await
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        self.database.commit_rows().await?;
        tokio::time::sleep(self.began.elapsed().mul_f64(self.throttle)).await;
        Ok(())
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        self.database.rollback_rows().await
    }

    /// Does nothing: what is written beforehand can be computed again.
    async fn note_more_losses(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
