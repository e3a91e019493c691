//! Resumes an interrupted upgrade: on MySQL and MariaDB each DDL statement commits.

use std::collections::BTreeMap;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Resumable;
use mlflow_migrate_core::rows::RowTransactions;

use crate::database::Mysql;
use crate::{cluster, exchange, journal, lock, preflight, session, swap};

#[async_trait]
impl Resumable for Mysql {
    async fn read_journal(&mut self) -> Result<Option<(String, usize)>, Error> {
        journal::read(&mut self.connection, &self.context).await
    }

    async fn has_empty_journal(&mut self) -> Result<bool, Error> {
        journal::is_empty(&mut self.connection, &self.context).await
    }

    async fn begin_journal(&mut self, note: &str) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        preflight::check_text(&mut self.connection, note, &self.context).await?;
        preflight::check_noted(self, note.len()).await?;
        journal::begin(&mut self.connection, note, &self.context).await
    }

    async fn note_steps(&mut self, done: usize) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        journal::note_steps(&mut self.connection, done, &self.context).await
    }

    async fn note_losses(&mut self, step: usize, rows: u64) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        journal::note_losses(&mut self.connection, step, rows, &self.context).await
    }

    async fn await_tables(&mut self, tables: &[String]) -> Result<(), Error> {
        let done = lock::lock_briefly(self, tables).await;
        lock::naming_holders(self, done).await
    }

    async fn losses(&mut self) -> Result<BTreeMap<usize, u64>, Error> {
        journal::losses(&mut self.connection, &self.context).await
    }

    async fn end_journal(&mut self) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        if self.cluster.has_conflicting_changes() {
            // The table goes with the claim, which knows when that is safe.
            return journal::clear(&mut self.connection, &self.context).await;
        }
        journal::end(&mut self.connection, &self.context).await
    }

    async fn resume(&mut self) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        exchange::restore(self).await?;
        swap::resume(self).await
    }

    async fn discard_copies(&mut self) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        // Never with rows in it.
        exchange::restore(self).await?;
        swap::discard(self).await
    }

    async fn retained_tables(&mut self) -> Result<BTreeMap<String, String>, Error> {
        swap::retained_tables(&mut self.connection, &self.context).await
    }
}

#[async_trait]
impl RowTransactions for Mysql {
    async fn note_more_losses(&mut self, rows: u64) -> Result<(), Error> {
        if rows == 0 {
            return Ok(());
        }
        self.run("writing the journal", &journal::note_more_losses(rows)).await
    }

    async fn begin_rows(&mut self) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        session::begin_transaction(self).await
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        session::end_transaction(self, "COMMIT").await
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        session::end_transaction(self, "ROLLBACK").await
    }
}
