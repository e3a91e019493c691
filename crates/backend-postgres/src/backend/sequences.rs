//! The sequences that number new rows.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Sequences;
use mlflow_migrate_core::error::Violation;
use mlflow_migrate_core::schema::Schema;

use crate::database::Postgres;
use crate::sequences;

#[async_trait]
impl Sequences for Postgres {
    async fn lagging_sequences(&mut self, live: &Schema) -> Result<Vec<Violation>, Error> {
        sequences::lagging(self, live).await
    }

    async fn advance_sequences(&mut self, live: &Schema) -> Result<Vec<String>, Error> {
        sequences::advance(self, live).await
    }
}
