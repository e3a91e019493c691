//! SQLite's implementation of the operations that core needs from every database.

mod accelerated;
mod bulk;
mod file;
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
use mlflow_migrate_core::schema::{ForeignKey, Schema, Table};
use mlflow_migrate_core::script::ScriptDialect;
use rusqlite::Connection;

use crate::database::Sqlite;
use crate::error::Context;
use crate::preflight::consistency;
use crate::script::SqliteScript;
use crate::{change, connection, inspect, lock, preflight, session, table_size, version_table};

#[async_trait]
impl Backend for Sqlite {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        let stop = stop.clone();
        self.call(move |connection, context| connection::interrupt_when(connection, stop, context))
            .await
    }

    fn follow(&mut self, graph: GraphName) {
        self.graph = graph;
    }

    async fn begin(&mut self, access: SessionMode) -> Result<(), Error> {
        session::begin(self, access).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        session::commit(self).await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        session::rollback(self).await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        self.call(|connection, context| inspect::schema(connection, context)).await
    }

    async fn table_names(&mut self) -> Result<Vec<String>, Error> {
        self.call(|connection, context| inspect::table_names(connection, context)).await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        let table = self.graph.version_table();
        self.call(move |connection, context| version_table::read(connection, table, context)).await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        let (table, revision) = (self.graph.version_table(), revision.map(ToOwned::to_owned));
        self.call(move |connection, context| {
            version_table::write(connection, table, revision.as_deref(), context)
        })
        .await
    }

    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        let plan = plan.clone();
        let check = move |connection: &mut Connection, context: Context<'_>| {
            preflight::check(connection, &plan, context)
        };
        let (problems, asked) = self.call(check).await?;
        self.asked = Arc::new(asked);
        Ok(problems)
    }

    async fn script_dialect(&mut self, _: &Plan) -> Result<Box<dyn ScriptDialect>, Error> {
        Ok(Box::new(SqliteScript))
    }

    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        change::describe(change, self.is_wal)
    }

    fn drop_foreign_key(&self, table: &Table, key: &ForeignKey) -> Vec<String> {
        change::without_foreign_key(table, key)
    }

    async fn apply_change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        let (change, progress, asked) = (change.clone(), progress.clone(), Arc::clone(&self.asked));
        self.call(move |connection, context| {
            change::apply(connection, &change, &progress, &asked, context)
        })
        .await
    }

    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error> {
        let leftovers = leftovers.to_vec();
        self.call(move |connection, context| change::drop_tables(connection, &leftovers, context))
            .await
    }

    async fn check_foreign_keys(&mut self, tables: &[String]) -> Result<(), Error> {
        let (tables, known) = (tables.to_vec(), self.violations.clone());
        let check = move |connection: &mut Connection, context: Context<'_>| {
            consistency::check(connection, &tables, known, context)
        };
        self.violations = Some(self.call(check).await?);
        Ok(())
    }

    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error> {
        let table = table.to_owned();
        self.call(move |connection, context| table_size::of(connection, &table, context)).await
    }

    /// Does nothing: a file shows no session to another.
    async fn announce_step(&mut self, _: usize, _: usize, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn running_step(&mut self) -> Result<Option<RunningStep>, Error> {
        Ok(None)
    }

    /// Does nothing: the busy timeout limits every wait, and its error reports the wait.
    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.observer = Arc::clone(observer);
    }

    /// Returns none: a file knows nothing of its readers, and only a lock shows a writer.
    async fn table_users(&mut self, _: &[String]) -> Result<Vec<TableUser>, Error> {
        Ok(Vec::new())
    }

    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn hidden_triggers(&mut self, _: &[String]) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        Ok(Vec::new())
    }

    async fn measure_tables(&mut self, _: &Plan) -> Result<(), Error> {
        self.is_wal = self.call(|connection, context| lock::is_wal(connection, context)).await?;
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
        Some(self)
    }

    fn online(&mut self) -> Option<&mut dyn OnlineChanges> {
        None
    }

    fn sequences(&mut self) -> Option<&mut dyn Sequences> {
        None
    }
}
