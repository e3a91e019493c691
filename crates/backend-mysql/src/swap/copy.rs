//! Performs a swap, and resumes an interrupted one.

use std::slice;
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Phase, Progress};
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Table;

use super::exists;
use super::statements::Swap;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::unless_denied;
use crate::quoting::{literal, quote};
use crate::ranged::{Fill, Note, Ranges, Statement, key, notes};
use crate::render::{Alteration, ColumnAttributes};
use crate::swap_tables::{NEW, OLD};
use crate::{
    cancel, foreign_keys, inspect, journal, limits, privileges, table_size, text_protocol,
};

/// How often to look whether the rename waits, and the most looks.
const LOOK: Duration = Duration::from_millis(20);
const LOOKS: u32 = 250;

/// Changes an existing table by a swap, and returns the number of rows copied.
///
/// `None` if nothing was done: the user lacks a privilege, or the server allows no connection.
pub(crate) async fn swap(
    database: &mut Mysql,
    change: &TableChange,
    before: &Table,
    progress: &Progress,
) -> Result<Option<u64>, Error> {
    let features = database.features.clone();
    let context = database.context.clone();
    let alteration = Alteration::between(before, &change.after, &features);
    let attributes =
        inspect::attributes(&mut database.connection, &alteration, &features, &context).await?;
    // A trigger that the user cannot see would be dropped with the old table.
    let tables = slice::from_ref(&before.name);
    let connection = &mut database.connection;
    if !privileges::hidden_triggers(connection, tables, &context).await?.is_empty() {
        return Ok(None);
    }
    let swap = Swap::new(before, &change.after, &features);
    let mut swapping = Swapping { database, swap, before };
    let Some(guard) = swapping.guard(progress).await? else { return Ok(None) };
    if !swapping.create(&alteration, &attributes).await? {
        return Ok(None);
    }
    progress.enter(Phase::Copying);
    let guard = swapping.fill(guard, progress).await?;
    swapping.add_indexes(progress).await?;
    progress.enter(Phase::Checking);
    let rows = swapping.exchange(guard).await?;
    swapping.add_foreign_keys().await?;
    Ok(Some(rows))
}

struct Swapping<'a> {
    database: &'a mut Mysql,
    swap: Swap<'a>,
    before: &'a Table,
}

impl Swapping<'_> {
    fn action(&self) -> String {
        format!("change table {}", self.before.name)
    }

    async fn run(&mut self, sql: &str) -> Result<(), Error> {
        self.database.run(&self.action(), sql).await
    }

    /// Opens a connection that keeps writers away from the table while it lives.
    async fn guard(&mut self, progress: &Progress) -> Result<Option<Connection>, Error> {
        let opened = self.database.connector.open_several(1, progress).await?.pop();
        let Some(mut guard) = opened else { return Ok(None) };
        let sql = format!("LOCK TABLES {} READ", quote(&self.before.name));
        match text_protocol::run_soon(&mut guard, sql).await {
            Ok(_) => Ok(Some(guard)),
            Err(source) => unless_denied(self.database.context.error(&self.action(), source)),
        }
    }

    /// Creates the new table, unless it exists; returns whether the user may create it.
    async fn create(
        &mut self,
        alteration: &Alteration<'_>,
        attributes: &ColumnAttributes,
    ) -> Result<bool, Error> {
        let context = self.database.context.clone();
        journal::ensure(&mut self.database.connection, &context).await?;
        let table = self.before.name.clone();
        let new = self.swap.new_name();
        let noted = notes::read(&mut self.database.connection, &table, &context).await?;
        let has_shape = !noted.is_empty() && exists(self.database, &new).await?;
        if has_shape {
            return Ok(true);
        }
        notes::clear(&mut self.database.connection, &context).await?;
        let unfinished = format!("DROP TABLE IF EXISTS {}", quote(&new));
        let create = self.swap.create(alteration, attributes);
        for statement in std::iter::once(unfinished).chain(create) {
            let done = text_protocol::run_alone(&mut self.database.connection, statement).await;
            if let Err(source) = done {
                let error = context.error(&self.action(), source);
                return unless_denied::<()>(error).map(|_| false);
            }
        }
        let number = notes::next_number(&mut self.database.connection, &context).await?;
        let note = Note { table, range: None, done: true };
        let noted = notes::write(&mut self.database.connection, number, &note).await;
        noted.map_err(|source| context.error(&self.action(), source))?;
        Ok(true)
    }

    /// Copies the rows, and returns the guard.
    async fn fill(
        &mut self,
        guard: Connection,
        progress: &Progress,
    ) -> Result<Option<Connection>, Error> {
        let context = self.database.context.clone();
        let connection = &mut self.database.connection;
        let noted = notes::read(connection, &self.before.name, &context).await?;
        let number = notes::next_number(connection, &context).await?;
        let fill = Fill {
            action: format!("copying {}", self.before.name),
            table: self.before.name.clone(),
            statement: Statement { before: self.swap.fill(), after: String::new() },
            range_size: None,
            total: self.database.table_facts.estimated_rows(&self.before.name),
            progress: progress.clone(),
            connector: self.database.connector.clone(),
            lease: self.database.lease.clone(),
            connections: self.database.jobs,
        };
        let connection = &mut self.database.connection;
        let row_bytes = table_size::row_bytes(connection, &self.before.name, &context).await?;
        let limits = limits::read(connection, &self.database.cluster, &context).await?;
        let rows = limits.range_rows(self.database.range_rows, row_bytes);
        let table = &self.before.name;
        let ranges = Ranges::new(Some(guard), table, key(self.before), rows, noted, number);
        let ranges = fill.run(ranges, &mut self.database.connection).await?;
        Ok(ranges.into_guard())
    }

    /// Builds the indexes, all in one statement, unless an interrupted upgrade has built them.
    async fn add_indexes(&mut self, progress: &Progress) -> Result<(), Error> {
        let sql = format!(
            "SELECT 1 FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
             AND TABLE_NAME = {} AND INDEX_NAME <> 'PRIMARY' LIMIT 1",
            literal(&self.swap.new_name())
        );
        let found = text_protocol::value(&mut self.database.connection, sql).await;
        let found = found.map_err(|source| self.database.context.error(&self.action(), source))?;
        match self.swap.add_indexes() {
            Some(sql) if found.is_none() => {
                progress.enter(Phase::BuildingIndexes { count: self.swap.index_count() });
                let action = self.action();
                let Mysql { connection, canceller, context, watched, .. } = &mut *self.database;
                watched.reports_long_work_to(progress.clone());
                let done = text_protocol::run_alone(connection, sql);
                let done = cancel::run(canceller.as_ref(), &action, context, done).await;
                watched.reports_to(None);
                done.map(|_| ())
            }
            _ => Ok(()),
        }
    }

    /// Puts the new table in the place of the old one, and returns the old one's row count.
    async fn exchange(&mut self, guard: Option<Connection>) -> Result<u64, Error> {
        let context = self.database.context.clone();
        let (table, old) = (self.before.name.clone(), self.swap.old_name());
        // Left by an earlier change of the same table.
        self.run(&format!("DROP TABLE IF EXISTS {}", quote(&old))).await?;
        let copied = count(self.database, &self.swap.new_name()).await?;
        let connection = &mut self.database.connection;
        let own = text_protocol::value(connection, "SELECT CONNECTION_ID()").await;
        let own = own.map_err(|source| context.error("swapping tables", source))?;
        // A rename that is killed while it waits has done nothing. `resume` repairs any other
        // state.
        let canceller = self.database.canceller.as_ref();
        let rename = text_protocol::run(connection, self.swap.rename());
        let action = format!("change table {table}");
        let rename = cancel::run(canceller, &action, &context, rename);
        let release = release(guard, own.unwrap_or_default());
        // A guard whose connection is lost has released the table, too. The rows are counted in any
        // case.
        let (renamed, _) = tokio::join!(rename, release);
        renamed?;
        let kept = count(self.database, &old).await?;
        if kept != copied {
            take_over(self.database, &table).await?;
        }
        notes::clear(&mut self.database.connection, &context).await?;
        Ok(kept)
    }

    /// Moves the foreign keys from the old table to the new one.
    ///
    /// Their names are unique in a database, so the old table loses them first. Only a key that the
    /// old table did not have can refer to a missing row.
    async fn add_foreign_keys(&mut self) -> Result<(), Error> {
        let old = self.swap.old_name();
        drop_foreign_keys(self.database, &old).await?;
        let foreign_keys = self.swap.foreign_keys();
        if foreign_keys.keys.is_empty() {
            return Ok(());
        }
        let context = self.database.context.clone();
        let connection = &mut self.database.connection;
        let new = self.swap.new_foreign_keys();
        foreign_keys::add_unchecked(connection, &foreign_keys, &new, &context).await
    }
}

/// Unlocks the table once the rename waits, which is then the first to get the lock.
async fn release(guard: Option<Connection>, renamer: String) -> Result<u64, sqlx::Error> {
    let Some(mut guard) = guard else { return Ok(0) };
    let sql = format!("SELECT STATE FROM information_schema.PROCESSLIST WHERE ID = {renamer}");
    for _ in 0..LOOKS {
        let state = text_protocol::value(&mut guard, sql.clone()).await?.unwrap_or_default();
        if state.to_ascii_lowercase().contains("metadata lock") {
            break;
        }
        tokio::time::sleep(LOOK).await;
    }
    text_protocol::run_soon(&mut guard, "UNLOCK TABLES").await
}

async fn count(database: &mut Mysql, table: &str) -> Result<u64, Error> {
    let sql = format!("SELECT COUNT(*) FROM {}", quote(table));
    let counted = text_protocol::value_of_tables(&mut database.connection, sql).await;
    let counted =
        counted.map_err(|source| database.context.error(&format!("counting {table}"), source))?;
    Ok(counted.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Copies rows that were written to the old table after their range was copied.
///
/// Older servers let a writer that waits for the guard continue before the rename. The new table
/// must not be discarded any more, since other sessions write to it from then on.
async fn take_over(database: &mut Mysql, table: &str) -> Result<(), Error> {
    let action = format!("completing {table}");
    let old = format!("{OLD}{table}");
    let columns = names(database, &action, &common_columns(&old, table)).await?;
    let key = names(database, &action, &key_columns(&old)).await?;
    let agree: Vec<String> =
        key.iter().map(|column| format!("n.{0} = o.{0}", quote(column))).collect();
    let columns: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    let columns = columns.join(", ");
    let sql = format!(
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {} AS o \
         WHERE NOT EXISTS (SELECT 1 FROM {table} AS n WHERE {})",
        quote(&old),
        agree.join(" AND "),
        table = quote(table)
    );
    database.run(&action, &sql).await
}

/// Returns a query for the columns that two tables share and that are not generated.
fn common_columns(one: &str, other: &str) -> String {
    format!(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME IN ({}, {}) \
         AND EXTRA NOT LIKE '%VIRTUAL%' AND EXTRA NOT LIKE '%STORED%' \
         GROUP BY COLUMN_NAME HAVING COUNT(*) = 2",
        literal(one),
        literal(other)
    )
}

fn key_columns(table: &str) -> String {
    format!(
        "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = DATABASE() \
         AND TABLE_NAME = {} AND INDEX_NAME = 'PRIMARY' ORDER BY SEQ_IN_INDEX",
        literal(table)
    )
}

async fn names(database: &mut Mysql, action: &str, sql: &str) -> Result<Vec<String>, Error> {
    let found = text_protocol::rows(&mut database.connection, sql).await;
    let found = found.map_err(|source| database.context.error(action, source))?;
    Ok(found.into_iter().flatten().flatten().collect())
}

/// Completes a swap that was interrupted between its rename and the count of its rows.
///
/// In this state the notes still exist, and the new table has its final name.
pub(super) async fn complete(database: &mut Mysql, table: &str) -> Result<(), Error> {
    let context = database.context.clone();
    let noted = notes::read(&mut database.connection, table, &context).await?;
    if noted.is_empty() || exists(database, &format!("{NEW}{table}")).await? {
        return Ok(());
    }
    take_over(database, table).await?;
    notes::clear(&mut database.connection, &context).await
}

/// Drops all foreign keys of a table.
pub(crate) async fn drop_foreign_keys(database: &mut Mysql, table: &str) -> Result<(), Error> {
    let action = format!("change table {table}");
    let sql = format!(
        "SELECT CONSTRAINT_NAME FROM information_schema.TABLE_CONSTRAINTS \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {} \
         AND CONSTRAINT_TYPE = 'FOREIGN KEY'",
        literal(table)
    );
    let found = names(database, &action, &sql).await?;
    if found.is_empty() {
        return Ok(());
    }
    let dropped: Vec<String> =
        found.iter().map(|name| format!("DROP FOREIGN KEY {}", quote(name))).collect();
    database.run(&action, &format!("ALTER TABLE {} {}", quote(table), dropped.join(", "))).await
}
