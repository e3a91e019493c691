//! What core asks of every database, for PostgreSQL.

mod accelerated;
mod rows;
mod sequences;

use std::sync::Arc;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Backend, FileDatabase, Resumable, Sequences, SessionMode, TableSize,
};
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Observer, Progress};
use mlflow_migrate_core::plan::{ChangePlan, OutsideReference, Plan, TableChange};
use mlflow_migrate_core::schema::Schema;

use crate::change::describe;
use crate::connect::Postgres;

#[async_trait]
impl Backend for Postgres {
    fn name(&self) -> String {
        self.name.clone()
    }

    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        self.stop = Some(stop.clone());
        Ok(())
    }

    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.observer = Arc::clone(observer);
    }

    async fn begin(&mut self, access: SessionMode) -> Result<(), Error> {
        self.begin_session(access).await
    }

    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        Postgres::other_upgraders(self).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.commit_session().await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.rollback_session().await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        self.read_schema().await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        self.read_versions().await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        self.write_version(revision).await
    }

    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        self.check_plan(plan).await
    }

    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        self.outside_references().await
    }

    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        describe::describe(change)
    }

    async fn apply_change(
        &mut self,
        change: &TableChange,
        _progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        self.change_table(change).await.map(|()| None)
    }

    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error> {
        self.remove_tables(leftovers).await
    }

    /// The server enforces foreign keys at every moment.
    async fn check_foreign_keys(&mut self, _tables: &[String]) -> Result<(), Error> {
        Ok(())
    }

    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error> {
        self.measure(table).await
    }

    async fn hidden_triggers(&mut self, _: &[String]) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn measure_tables(&mut self, _: &Plan) -> Result<(), Error> {
        Ok(())
    }

    fn resumable(&mut self) -> Option<&mut dyn Resumable> {
        None
    }

    fn file(&mut self) -> Option<&mut dyn FileDatabase> {
        None
    }

    fn sequences(&mut self) -> Option<&mut dyn Sequences> {
        Some(self)
    }
}
