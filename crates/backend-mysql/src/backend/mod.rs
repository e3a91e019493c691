//! What core asks of every database, for MySQL and MariaDB.

mod accelerated;
mod resumable;
mod rows;

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

use crate::connect::Mysql;
use crate::error::is_refused_rows;
use crate::quoting::quote;
use crate::render::{Alteration, refuse_raw_texts};
use crate::swap::{self, Occasions};
use crate::{execute, inspect, method, preflight, table_size, version_table};

#[async_trait]
impl Backend for Mysql {
    fn name(&self) -> String {
        self.context.name.clone()
    }

    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        self.cancel_when_stopped(stop).await
    }

    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.observer = Some(Arc::clone(observer));
    }

    async fn begin(&mut self, access: SessionMode) -> Result<(), Error> {
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
        version_table::read(&mut self.connection, &self.context).await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        self.confirm_claim().await?;
        let written = version_table::write(
            &mut self.connection,
            revision,
            self.in_transaction,
            &self.context,
        );
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

    async fn measure_tables(&mut self, plan: &Plan) -> Result<(), Error> {
        for change in plan.changes().filter(|change| change.before.is_some()) {
            self.weigh_table(&change.after.name).await?;
        }
        Ok(())
    }

    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        method::describe(change, self.swaps(change), &self.features)
    }

    async fn apply_change(
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

    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error> {
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

    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error> {
        table_size::of(&mut self.connection, table, &self.context).await
    }

    fn resumable(&mut self) -> Option<&mut dyn Resumable> {
        Some(self)
    }

    fn file(&mut self) -> Option<&mut dyn FileDatabase> {
        None
    }

    fn sequences(&mut self) -> Option<&mut dyn Sequences> {
        None
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
