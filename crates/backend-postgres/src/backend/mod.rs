//! PostgreSQL's implementation of the operations that core needs from every database.

mod accelerated;
mod bulk;
mod online;
mod rows;
mod sequences;

use std::sync::Arc;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Backend, BulkRows, Calibration, FileDatabase, OnlineChanges, Resumable, RunningStep, Sequences,
    SessionMode, TableSize, TableUser,
};
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{Observer, Progress};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::plan::{ChangePlan, DroppedTable, OutsideReference, Plan, TableChange};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::script::ScriptDialect;

use crate::database::Postgres;
use crate::preflight::{self, outside};
use crate::script::PostgresScript;
use crate::{change, inspect, lock, running_step, session, table_size, version_table};

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

    fn follow(&mut self, graph: GraphName) {
        self.graph = graph;
    }

    async fn begin(&mut self, access: SessionMode) -> Result<(), Error> {
        session::begin(self, access).await
    }

    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        lock::other_upgraders(self).await
    }

    async fn announce_step(
        &mut self,
        step: usize,
        step_count: usize,
        title: &str,
    ) -> Result<(), Error> {
        running_step::announce(self, step, step_count, title).await
    }

    async fn running_step(&mut self) -> Result<Option<RunningStep>, Error> {
        running_step::read(self).await
    }

    async fn table_users(&mut self, tables: &[String]) -> Result<Vec<TableUser>, Error> {
        lock::table_users(self, tables).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        session::commit(self).await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        session::rollback(self).await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        inspect::schema(self).await
    }

    async fn table_names(&mut self) -> Result<Vec<String>, Error> {
        inspect::table_names(self).await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        version_table::read(self).await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        version_table::write(self, revision).await
    }

    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        preflight::check(self, plan).await
    }

    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        outside::references(self).await
    }

    async fn script_dialect(&mut self, _: &Plan) -> Result<Box<dyn ScriptDialect>, Error> {
        Ok(Box::new(PostgresScript))
    }

    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        change::describe(change)
    }

    async fn apply_change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        change::apply(self, change, progress).await.map(|()| None)
    }

    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error> {
        change::drop_tables(self, leftovers).await
    }

    async fn drop_table(&mut self, dropped: &DroppedTable) -> Result<(), Error> {
        change::drop_table(self, dropped).await
    }

    /// Does nothing: the server enforces foreign keys at every moment.
    async fn check_foreign_keys(&mut self, _tables: &[String]) -> Result<(), Error> {
        Ok(())
    }

    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error> {
        table_size::measure(self, table).await
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

    fn bulk(&mut self) -> &mut dyn BulkRows {
        self
    }

    fn calibration(&mut self) -> &mut dyn Calibration {
        self
    }

    fn file(&mut self) -> Option<&mut dyn FileDatabase> {
        None
    }

    fn online(&mut self) -> Option<&mut dyn OnlineChanges> {
        Some(self)
    }

    fn sequences(&mut self) -> Option<&mut dyn Sequences> {
        Some(self)
    }
}
