//! Writes rows at a pace.

use std::time::Instant;

use async_trait::async_trait;
use sea_query::{QueryStatement, SelectStatement};

use crate::backend::OnlineChanges;
use crate::error::Error;
use crate::event::Progress;
use crate::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use crate::schema::platform::Platform;
use crate::upgrade::options::Pace;

/// Rows that are written in short transactions, with a rest after each.
pub(crate) struct PacedRows<'a> {
    rows: Box<dyn Rows>,
    server: &'a mut dyn OnlineChanges,
    pace: Pace,
    progress: &'a Progress,
    began: Instant,
}

impl<'a> PacedRows<'a> {
    /// Opens a session that writes rows.
    pub(crate) async fn open(
        server: &'a mut dyn OnlineChanges,
        pace: Pace,
        progress: &'a Progress,
    ) -> Result<Self, Error> {
        let rows = server.rows_online().await?;
        Ok(Self { rows, server, pace, progress, began: Instant::now() })
    }
}

#[async_trait]
impl Rows for PacedRows<'_> {
    fn platform(&self) -> &Platform {
        self.rows.platform()
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        self.rows.query(select).await
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.rows.execute(statement).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.rows.insert(table, columns, rows).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        self.rows.update(update, rows).await
    }

    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        None
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        Some(self)
    }
}

#[async_trait]
impl RowTransactions for PacedRows<'_> {
    async fn begin_rows(&mut self) -> Result<(), Error> {
        self.pace.wait_for_load(self.server, self.progress).await?;
        self.began = Instant::now();
        match self.rows.transactions() {
            Some(own) => own.begin_rows().await,
            None => Ok(()),
        }
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        if let Some(own) = self.rows.transactions() {
            own.commit_rows().await?;
        }
        self.pace.rest_after(self.began).await;
        Ok(())
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        match self.rows.transactions() {
            Some(own) => own.rollback_rows().await,
            None => Ok(()),
        }
    }

    /// Does nothing: no journal notes what is done online.
    async fn note_more_losses(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}
