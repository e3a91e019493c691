//! Executes a change by the chosen method.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Phase, Progress};
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Table;
use rusqlite::Connection;

use super::objects::{index_changes, new_triggers};
use super::rebuild::{CopyRows, Rebuild, keep_sequence};
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::progress::{EACH_ROW, count_rows};
use crate::render;
use crate::rows::deferred_update::Deferred;
use crate::table_size::rows_of;

/// Executes one change over a connection.
pub(super) struct Executor<'a> {
    pub(super) connection: &'a Connection,
    pub(super) change: &'a TableChange,
    pub(super) progress: &'a Progress,
    pub(super) context: Context<'a>,
}

impl Executor<'_> {
    pub(super) fn table(&self) -> String {
        quote_identifier(&self.change.after.name)
    }

    pub(super) fn run(&self, sql: &str) -> Result<(), Error> {
        self.connection.execute_batch(sql).map_err(|source| self.error(source))
    }

    pub(super) fn error(&self, source: rusqlite::Error) -> Error {
        self.context.error(&format!("changing table {}", self.change.after.name), source)
    }

    pub(super) fn rebuild(&self) -> Result<Option<u64>, Error> {
        let deferred = self.deferred()?;
        let rebuild = Rebuild::of(self.change, deferred.as_ref());
        self.run(&rebuild.create)?;
        let copied = self.copy(&rebuild.copy)?;
        if let Some(deferred) = deferred {
            deferred.discard(self.connection).map_err(|error| self.error(error))?;
        }
        if let Some(keep) = keep_sequence(&self.change.after) {
            self.run(&keep)?;
        }
        self.run(&rebuild.drop)?;
        self.run(&rebuild.rename)?;
        self.finish(true)?;
        Ok(Some(copied))
    }

    /// Returns the values that are deferred for the table.
    fn deferred(&self) -> Result<Option<Deferred>, Error> {
        Deferred::of(self.connection, &self.change.after.name).map_err(|error| self.error(error))
    }

    pub(super) fn write_deferred(&self) -> Result<(), Error> {
        let deferred = self.deferred()?;
        deferred
            .map_or(Ok(()), |deferred| deferred.write(self.connection))
            .map_err(|error| self.error(error))
    }

    fn copy(&self, rows: &CopyRows) -> Result<u64, Error> {
        let expected =
            rows_of(self.connection, &self.table()).map_err(|error| self.error(error))?;
        self.progress.enter(Phase::Copying);
        count_rows(self.connection, self.progress, Some(expected))
            .map_err(|error| self.error(error))?;
        let statement = rows.sql_where(EACH_ROW);
        let copied =
            self.connection.execute(&statement, []).map_err(|error| self.error(error))? as u64;
        if copied != expected {
            let problem = format!("{copied} rows of {expected} could be copied");
            let name = self.context.name.to_owned();
            return Err(Error::Corrupt { name, problem });
        }
        Ok(copied)
    }

    /// Changes indexes and triggers, once the table has its final columns.
    pub(super) fn finish(&self, rebuilt: bool) -> Result<(), Error> {
        let before: Option<&Table> = self.change.before.as_ref();
        let (dropped, created) = index_changes(before, &self.change.after, rebuilt);
        for index in dropped {
            self.run(&format!("DROP INDEX {}", quote_identifier(&index.name)))?;
        }
        let count = created.len();
        for (number, index) in (1..).zip(created) {
            if before.is_some() {
                self.progress.enter(Phase::BuildingIndex { number, count });
            }
            self.run(&render::create_index(index, &self.change.after.name))?;
        }
        for trigger in new_triggers(self.change, rebuilt) {
            self.run(&trigger)?;
        }
        Ok(())
    }
}
