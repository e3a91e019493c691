//! Core's `Backend` for MySQL and MariaDB.

mod accelerated;
mod bulk;
mod online;
mod resumable;
mod rows;

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
use mlflow_migrate_core::plan::{ChangePlan, OutsideReference, Plan, TableChange};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::script::ScriptDialect;

use crate::cancel::Canceller;
use crate::database::Mysql;
use crate::lock::{self, naming_holders};
use crate::script::MysqlScript;
use crate::{
    change, cluster, exchange, inspect, preflight, privileges, running_step, session, swap,
    table_size, version_table,
};

#[async_trait]
impl Backend for Mysql {
    fn name(&self) -> String {
        self.context.name.clone()
    }

    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        let (connection, context) = (&mut self.connection, &self.context);
        self.canceller = Canceller::new(connection, &self.connector, context, stop).await?;
        Ok(())
    }

    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.observer = Some(Arc::clone(observer));
    }

    /// Does nothing: no other graph can be here, and core refuses them.
    fn follow(&mut self, _: GraphName) {}

    async fn begin(&mut self, access: SessionMode) -> Result<(), Error> {
        session::begin(self, access).await
    }

    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        lock::other_upgraders(self).await
    }

    async fn table_users(&mut self, tables: &[String]) -> Result<Vec<TableUser>, Error> {
        lock::table_users(self, tables).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        session::commit(self).await
    }

    /// Does nothing: the journal shows the step.
    async fn announce_step(&mut self, _: usize, _: usize, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn running_step(&mut self) -> Result<Option<RunningStep>, Error> {
        running_step::read(self).await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        session::rollback(self).await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        self.table_facts = swap::read_table_facts(&mut self.connection, &self.context).await?;
        let schema = inspect::schema(&mut self.connection, &self.features, &self.context).await?;
        self.schema_bytes = serde_json::to_string(&schema).map_or(0, |text| text.len());
        Ok(schema)
    }

    async fn table_names(&mut self) -> Result<Vec<String>, Error> {
        inspect::table_names(&mut self.connection, &self.context).await
    }

    async fn hidden_triggers(&mut self, tables: &[String]) -> Result<Vec<String>, Error> {
        privileges::hidden_triggers(&mut self.connection, tables, &self.context).await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        version_table::read(&mut self.connection, &self.context).await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        let written = version_table::write(
            &mut self.connection,
            revision,
            self.in_transaction,
            &self.context,
        );
        let written = written.await;
        naming_holders(self, written).await
    }

    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        preflight::check(self, plan).await
    }

    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        preflight::references_from_outside(&mut self.connection, &self.context).await
    }

    async fn measure_tables(&mut self, plan: &Plan) -> Result<(), Error> {
        swap::measure_tables(self, plan).await
    }

    async fn script_dialect(&mut self, plan: &Plan) -> Result<Box<dyn ScriptDialect>, Error> {
        MysqlScript::of_live(self, plan).await.map(|script| Box::new(script) as _)
    }

    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        if let Some(exchange) = exchange::of(self, change, &self.features) {
            return Ok(change::describe_exchange(&exchange));
        }
        change::describe(change, swap::is_swapped(self, change), &self.features)
    }

    async fn apply_change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        cluster::confirm(&mut self.lease).await?;
        change::apply(self, change, progress).await
    }

    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error> {
        cluster::confirm(&mut self.lease).await?;
        change::drop_tables(self, leftovers).await
    }

    /// Does nothing: the server checks every row when a foreign key is added.
    async fn check_foreign_keys(&mut self, _: &[String]) -> Result<(), Error> {
        Ok(())
    }

    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error> {
        table_size::of(&mut self.connection, table, &self.context).await
    }

    fn resumable(&mut self) -> Option<&mut dyn Resumable> {
        Some(self)
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
        None
    }
}
