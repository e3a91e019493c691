//! The rows of whole tables of a PostgreSQL database.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{BulkRows, Filling, Reading, RowReceiver, RowSender};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::row_checks::{Rules, Spelling};

use crate::bulk;
use crate::database::Postgres;
use crate::preflight::row_checks::{self, SPELLING};

#[async_trait]
impl BulkRows for Postgres {
    async fn read_rows(&mut self, reading: &Reading, to: RowSender) -> Result<(), Error> {
        bulk::read(self, reading, to).await
    }

    async fn write_rows(
        &mut self,
        filling: &Filling,
        rows: RowReceiver,
        progress: &Progress,
    ) -> Result<u64, Error> {
        bulk::write(self, filling, rows, progress).await
    }

    fn spelling(&self) -> Spelling {
        SPELLING
    }

    async fn violations(&mut self, rules: &Rules) -> Result<Vec<Error>, Error> {
        row_checks::violations(self, rules).await
    }

    /// Returns `None`: two texts are equal only if their bytes are.
    async fn sort_keys(&mut self, _: &str, _: &[String]) -> Result<Option<Vec<String>>, Error> {
        Ok(None)
    }

    async fn most_row_bytes(&mut self) -> Result<Option<u64>, Error> {
        Ok(None)
    }
}
