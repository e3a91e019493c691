//! What MySQL and MariaDB does faster than the neutral statements.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use sea_query::SelectStatement;

use crate::connect::Mysql;
use crate::latest_metrics;
use mlflow_migrate_core::rows::{Accelerated, Rows};

#[async_trait]
impl Accelerated for Mysql {
    async fn fill_latest_metrics(&mut self, progress: &Progress) -> Result<Option<u64>, Error> {
        latest_metrics::fill(self, progress).await
    }

    async fn workers(&mut self, progress: &Progress) -> Result<Vec<Box<dyn Rows>>, Error> {
        self.open_workers(progress).await
    }

    async fn truncate_if_only(
        &mut self,
        table: &'static str,
        others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        match self.truncate(table, others).await {
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn count_pairs(&mut self, _expected: u64) -> Result<Option<u64>, Error> {
        latest_metrics::count_pairs(self).await
    }
}
