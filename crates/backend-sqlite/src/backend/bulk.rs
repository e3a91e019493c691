//! The rows of whole tables of a file.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{BulkRows, Filling, Reading, RowReceiver, RowSender};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::row_checks::{Rules, Spelling};

use crate::bulk;
use crate::database::Sqlite;
use crate::preflight::row_checks::{self, SPELLING};

#[async_trait]
impl BulkRows for Sqlite {
    async fn read_rows(&mut self, reading: &Reading, to: RowSender) -> Result<(), Error> {
        let reading = reading.clone();
        self.call(move |connection, context| bulk::read(connection, &reading, &to, context)).await
    }

    async fn write_rows(
        &mut self,
        filling: &Filling,
        rows: RowReceiver,
        progress: &Progress,
    ) -> Result<u64, Error> {
        let (filling, progress) = (filling.clone(), progress.clone());
        self.call(move |connection, context| {
            bulk::write(connection, &filling, rows, &progress, context)
        })
        .await
    }

    fn spelling(&self) -> Spelling {
        SPELLING
    }

    async fn violations(&mut self, rules: &Rules) -> Result<Vec<Error>, Error> {
        let rules = rules.clone();
        self.call(move |connection, context| row_checks::violations(connection, &rules, context))
            .await
    }

    /// Returns `None`: MLflow's columns compare texts byte by byte.
    async fn sort_keys(&mut self, _: &str, _: &[String]) -> Result<Option<Vec<String>>, Error> {
        Ok(None)
    }

    async fn most_row_bytes(&mut self) -> Result<Option<u64>, Error> {
        Ok(None)
    }
}
