//! What core asks of every database, for MySQL and MariaDB.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Access, Backend, KeyedUpdate, Row, TableSize};
use mlflow_migrate_core::event::stop::Stop;
use mlflow_migrate_core::event::{Observer, Progress};
use mlflow_migrate_core::plan::{Method, OutsideReference, Plan, TableChange};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::connect::Mysql;
use crate::error::is_refused_rows;
use crate::render::{Alteration, refuse_raw_texts};
use crate::swap::{self, Occasions};
use crate::text::quote;
use crate::{execute, inspect, journal, latest_metrics, method, preflight, rows, size, version};

#[async_trait]
impl Backend for Mysql {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn name(&self) -> String {
        self.context.name.clone()
    }

    async fn heed(&mut self, stop: &Stop) -> Result<(), Error> {
        self.cancel_when_stopped(stop).await
    }

    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.observer = Some(Arc::clone(observer));
    }

    async fn begin(&mut self, access: Access) -> Result<(), Error> {
        self.begin_session(access).await
    }

    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        Mysql::other_upgraders(self).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.commit_session().await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.rollback_session().await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        let occasions = Occasions::read(&mut self.connection).await;
        self.occasions =
            occasions.map_err(|source| self.context.error("reading the tables", source))?;
        let schema = inspect::schema(&mut self.connection, &self.features, &self.context).await?;
        self.schema_bytes = serde_json::to_string(&schema).map_or(0, |text| text.len());
        Ok(schema)
    }

    async fn hidden_triggers(&mut self, tables: &[String]) -> Result<Vec<String>, Error> {
        preflight::hidden_triggers(self, tables).await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        version::read(&mut self.connection, &self.context).await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        self.confirm_claim().await?;
        let written =
            version::write(&mut self.connection, revision, self.in_transaction, &self.context);
        match written.await {
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        preflight::check(self, plan).await
    }

    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        preflight::references_from_outside(self).await
    }

    async fn read_journal(&mut self) -> Result<Option<(String, usize)>, Error> {
        journal::read(&mut self.connection, &self.context).await
    }

    async fn begin_journal(&mut self, note: &str) -> Result<(), Error> {
        self.confirm_claim().await?;
        preflight::check_text(self, note).await?;
        preflight::check_noted(self, note.len()).await?;
        journal::begin(&mut self.connection, note, &self.context).await
    }

    async fn note_steps(&mut self, done: usize) -> Result<(), Error> {
        self.confirm_claim().await?;
        journal::note_steps(&mut self.connection, done, &self.context).await
    }

    async fn note_losses(&mut self, step: usize, rows: u64) -> Result<(), Error> {
        self.confirm_claim().await?;
        journal::note_losses(&mut self.connection, step, rows, &self.context).await
    }

    async fn await_tables(&mut self, tables: &[String]) -> Result<(), Error> {
        match self.lock_briefly(tables).await {
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn note_more_losses(&mut self, rows: u64) -> Result<(), Error> {
        if rows == 0 {
            return Ok(());
        }
        self.run("writing the journal", &journal::note_more_losses(rows)).await
    }

    async fn losses(&mut self) -> Result<BTreeMap<usize, u64>, Error> {
        journal::losses(&mut self.connection, &self.context).await
    }

    async fn end_journal(&mut self) -> Result<(), Error> {
        self.confirm_claim().await?;
        journal::end(&mut self.connection, &self.context).await
    }

    async fn resume(&mut self) -> Result<(), Error> {
        self.confirm_claim().await?;
        swap::resume(self).await
    }

    async fn discard_copies(&mut self) -> Result<(), Error> {
        self.confirm_claim().await?;
        swap::discard(self).await
    }

    async fn kept_tables(&mut self) -> Result<BTreeMap<String, String>, Error> {
        swap::kept_tables(self).await
    }

    async fn begin_rows(&mut self) -> Result<(), Error> {
        self.confirm_claim().await?;
        self.begin_transaction().await
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        self.confirm_claim().await?;
        self.end_transaction("COMMIT").await
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        self.end_transaction("ROLLBACK").await
    }

    async fn weigh(&mut self, plan: &Plan) -> Result<(), Error> {
        for change in plan.changes().filter(|change| change.before.is_some()) {
            self.weigh_table(&change.after.name).await?;
        }
        Ok(())
    }

    fn method(&self, change: &TableChange) -> Result<Method, Error> {
        method::describe(change, self.swaps(change), &self.features)
    }

    async fn change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        self.confirm_claim().await?;
        match self.make(change, progress).await {
            // A row that came after the preflight: say which constraint refuses how many.
            Err(error) if is_refused_rows(&error) => {
                preflight::rows(self, change).await?;
                Err(error)
            }
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn remove(&mut self, leftovers: &[String]) -> Result<(), Error> {
        self.confirm_claim().await?;
        for table in leftovers {
            let action = format!("removing {table}");
            let removed = self.run(&action, &format!("DROP TABLE {}", quote(table))).await;
            if let Err(error) = removed {
                return Err(self.name_holders(error).await);
            }
        }
        Ok(())
    }

    /// The server checks every row when a foreign key is added.
    async fn check_foreign_keys(&mut self, _: &[String]) -> Result<(), Error> {
        Ok(())
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        let (connection, canceller) = (&mut self.connection, self.canceller.as_ref());
        match rows::execute(connection, canceller, &statement, &self.context).await {
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        rows::query(&mut self.connection, &select, &self.context).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        match rows::update(&mut self.connection, update, &rows, &self.context).await {
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        match rows::insert(&mut self.connection, table, columns, rows, &self.context).await {
            Err(error) => Err(self.name_holders(error).await),
            done => done,
        }
    }

    async fn fill_latest_metrics(&mut self, progress: &Progress) -> Result<Option<u64>, Error> {
        latest_metrics::fill(self, progress).await
    }

    async fn further_connections(
        &mut self,
        progress: &Progress,
    ) -> Result<Vec<Box<dyn Backend>>, Error> {
        self.open_further(progress).await
    }

    async fn empty(
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

    async fn size(&mut self, table: &str) -> Result<TableSize, Error> {
        size::of(&mut self.connection, table, &self.context).await
    }
}

impl Mysql {
    /// Whether a change is made by swapping the table for a new one.
    fn swaps(&self, change: &TableChange) -> bool {
        let Some(before) = &change.before else { return false };
        let alteration = Alteration::between(before, &change.after, &self.features);
        !self.cluster.has_other_writers()
            && (self.swap_from_rows == 0 || self.occasions.is_large(&change.after.name))
            && swap::suits(change, &alteration, &self.occasions, &self.features)
    }

    async fn weigh_table(&mut self, table: &str) -> Result<(), Error> {
        let Self { connection, occasions, features, .. } = self;
        let weighed = occasions.weigh(connection, table, self.swap_from_rows, features).await;
        let action = format!("counting {table}");
        match weighed.map_err(|source| self.context.error(&action, source)) {
            // Whoever may not read it may not change it: the preflight tells.
            Err(Error::Privileges { .. } | Error::AccessDenied { .. }) => Ok(()),
            weighed => weighed,
        }
    }

    async fn make(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        refuse_raw_texts(change)?;
        if change.before.is_some() {
            self.weigh_table(&change.after.name).await?;
        }
        if let Some(before) = change.before.as_ref().filter(|_| self.swaps(change)) {
            match swap::swap(self, change, before, progress).await {
                Ok(Some(rows)) => return Ok(Some(rows)),
                // Not even one row fits into a transaction: the server's own copy is none.
                Ok(None) | Err(Error::TooLarge { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if self.occasions.is_begun(&change.after.name) {
            swap::give_up(self, &change.after.name).await?;
        }
        let (connection, canceller) = (&mut self.connection, self.canceller.as_ref());
        execute::change(connection, canceller, change, &self.features, &self.context).await?;
        Ok(None)
    }
}
