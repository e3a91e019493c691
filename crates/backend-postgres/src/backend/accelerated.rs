//! Operations that PostgreSQL runs faster than core's portable statements would.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use sea_query::SelectStatement;

use crate::database::Postgres;
use crate::latest_metrics;
use crate::rows::truncate;
use mlflow_migrate_core::rows::Accelerated;

#[async_trait]
impl Accelerated for Postgres {
    async fn fill_latest_metrics(&mut self, _progress: &Progress) -> Result<Option<u64>, Error> {
        latest_metrics::fill(self).await.map(Some)
    }

    async fn truncate_if_only(
        &mut self,
        table: &'static str,
        others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        truncate::truncate(self, table, others).await
    }

    async fn count_pairs(&mut self, expected: u64) -> Result<Option<u64>, Error> {
        latest_metrics::count_pairs(self, expected).await
    }
}
