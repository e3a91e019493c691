//! Writes rows in short transactions while other programs write.

use std::time::Duration;

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

/// A session of its own.
struct OnlineRows(Postgres);

/// Opens a session that writes rows in short transactions.
pub(crate) async fn rows_online(database: &mut Postgres) -> Result<Box<dyn Rows>, Error> {
    session::end_reading(database).await?;
    Ok(Box::new(OnlineRows(beside(database).await?)))
}

#[async_trait]
impl Rows for OnlineRows {
    fn platform(&self) -> &Platform {
        self.0.platform()
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        rows::query(&mut self.0, &select).await
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        rows::execute(&mut self.0, &statement).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        rows::insert(&mut self.0, table, columns, rows).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        rows::update(&mut self.0, update, rows).await
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
        session::begin_rows(&mut self.0, WAIT).await
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        session::commit(&mut self.0).await
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        session::rollback(&mut self.0).await
    }

    /// Does nothing: what is written beforehand can be computed again.
    async fn note_more_losses(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
