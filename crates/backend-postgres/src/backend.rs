//! What core asks of every database, for PostgreSQL.

use std::sync::Arc;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Access, Backend, KeyedUpdate, Row, TableSize};
use mlflow_migrate_core::error::Violation;
use mlflow_migrate_core::event::stop::Stop;
use mlflow_migrate_core::event::{Observer, Progress};
use mlflow_migrate_core::plan::{Method, OutsideReference, Plan, TableChange};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::connect::Postgres;
use crate::method;

#[async_trait]
impl Backend for Postgres {
    fn platform(&self) -> &Platform {
        &Platform::POSTGRES
    }

    fn name(&self) -> String {
        self.name.clone()
    }

    async fn heed(&mut self, stop: &Stop) -> Result<(), Error> {
        self.stop = Some(stop.clone());
        Ok(())
    }

    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.observer = Arc::clone(observer);
    }

    async fn begin(&mut self, access: Access) -> Result<(), Error> {
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

    async fn lagging_sequences(&mut self, live: &Schema) -> Result<Vec<Violation>, Error> {
        self.rows_ahead_of_sequences(live).await
    }

    async fn advance_sequences(&mut self, live: &Schema) -> Result<Vec<String>, Error> {
        self.set_sequences_forward(live).await
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

    fn method(&self, change: &TableChange) -> Result<Method, Error> {
        method::describe(change)
    }

    async fn change(
        &mut self,
        change: &TableChange,
        _progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        self.change_table(change).await.map(|()| None)
    }

    async fn remove(&mut self, leftovers: &[String]) -> Result<(), Error> {
        self.remove_tables(leftovers).await
    }

    /// The server enforces foreign keys at every moment.
    async fn check_foreign_keys(&mut self, _tables: &[String]) -> Result<(), Error> {
        Ok(())
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.execute_statement(&statement).await
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        self.fetch(&select).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        self.update_rows(update, rows).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.insert_rows(table, columns, rows).await
    }

    async fn fill_latest_metrics(&mut self, _progress: &Progress) -> Result<Option<u64>, Error> {
        self.fill_newest().await.map(Some)
    }

    async fn empty(
        &mut self,
        table: &'static str,
        others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        self.truncate(table, others).await
    }

    async fn count_pairs(&mut self, expected: u64) -> Result<Option<u64>, Error> {
        self.count_metric_pairs(expected).await
    }

    async fn size(&mut self, table: &str) -> Result<TableSize, Error> {
        self.measure(table).await
    }
}
