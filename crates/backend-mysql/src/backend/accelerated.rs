//! What MySQL and MariaDB do faster than core's neutral statements.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::rows::{Accelerated, Rows};
use sea_query::SelectStatement;

use crate::database::Mysql;
use crate::lock::naming_holders;
use crate::{connect, latest_metrics, rows};

#[async_trait]
impl Accelerated for Mysql {
    async fn fill_latest_metrics(&mut self, progress: &Progress) -> Result<Option<u64>, Error> {
        latest_metrics::fill(self, progress).await
    }

    async fn workers(&mut self, progress: &Progress) -> Result<Vec<Box<dyn Rows>>, Error> {
        connect::open_workers(self, progress).await
    }

    async fn truncate_if_only(
        &mut self,
        table: &'static str,
        others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        let done = rows::truncate(self, table, others).await;
        naming_holders(self, done).await
    }

    async fn count_pairs(&mut self, _expected: u64) -> Result<Option<u64>, Error> {
        latest_metrics::count_pairs(&mut self.connection, &self.context).await
    }
}
