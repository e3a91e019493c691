//! Writes rows in short transactions while other programs write.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use super::beside::beside;
use crate::database::Postgres;
use crate::{rows, session};

/// For how long a row is waited for that another transaction keeps locked.
///
/// The server looks for deadlocks after a second (`deadlock_timeout`), and ends one of the two. So this
/// session is always the one that gives way.
const WAIT: Duration = Duration::from_millis(200);

/// A session that rests after each transaction.
struct OnlineRows {
    database: Postgres,
    throttle: f64,
    began: Instant,
}

/// Opens a session that writes rows in short transactions.
pub(crate) async fn rows_online(
    database: &mut Postgres,
    throttle: f64,
) -> Result<Box<dyn Rows>, Error> {
    session::end_reading(database).await?;
    let database = beside(database).await?;
    Ok(Box::new(OnlineRows { database, throttle, began: Instant::now() }))
}

#[async_trait]
impl Rows for OnlineRows {
    fn platform(&self) -> &Platform {
        self.database.platform()
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        rows::query(&mut self.database, &select).await
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        rows::execute(&mut self.database, &statement).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        rows::insert(&mut self.database, table, columns, rows).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        rows::update(&mut self.database, update, rows).await
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
        session::begin_rows(&mut self.database, WAIT).await
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        session::commit(&mut self.database).await?;
        tokio::time::sleep(self.began.elapsed().mul_f64(self.throttle)).await;
        Ok(())
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        session::rollback(&mut self.database).await
    }

    /// Does nothing: what is written beforehand can be computed again.
    async fn note_more_losses(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
