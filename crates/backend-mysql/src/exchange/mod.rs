//! Gives a large table a new CHECK without a copy of its rows.
//!
//! MySQL copies a table to add a CHECK. An empty table gets one at once, and the server exchanges
//! the rows of a table with those of a partition by exchanging two files. So a partitioned table
//! with one empty partition keeps the rows while the table itself is changed:
//!
//! 1. All other changes come first, in place.
//! 2. `CREATE TABLE … LIKE`, with the CHECK and one partition.
//! 3. `EXCHANGE PARTITION … WITHOUT VALIDATION` empties the table, which gets the CHECK, and a
//!    second exchange brings the rows back.
//! 4. The existing rows are checked by one query.
//!
//! The table stays the same table, with its triggers, grants and statistics. It has no foreign keys
//! meanwhile, since the server refuses to exchange a table that has some. `LOCK TABLES … WRITE`
//! hides all of this from other sessions. If the server or mlflow-migrate dies in between, the rows
//! are in the partition: [`restore`] brings them back before anything else.

mod parts;
mod restore;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Phase, Progress};
use mlflow_migrate_core::plan::TableChange;

use crate::database::Mysql;
use crate::error::{server_error, unless_denied};
use crate::features::Features;
use crate::preflight::row_checks;
use crate::quoting::quote;
use crate::render::{ColumnAttributes, UncheckedForeignKeys};
use crate::swap::drop_foreign_keys;
use crate::{foreign_keys, swap_tables, text_protocol};

pub(crate) use parts::Exchange;
pub(crate) use restore::restore;

/// Errors after which the server does not exchange the two tables, whenever it is asked.
///
/// `ER_TABLEACCESS_DENIED_ERROR`, `ER_PARTITION_EXCHANGE_DIFFERENT_OPTION` (columns that were added
/// instantly), `ER_PARTITION_EXCHANGE_PART_TABLE`, `ER_PARTITION_EXCHANGE_TEMP_TABLE`,
/// `ER_PARTITION_INSTEAD_OF_SUBPARTITION`, `ER_UNKNOWN_PARTITION`, `ER_TABLES_DIFFERENT_METADATA`,
/// `ER_ROW_DOES_NOT_MATCH_PARTITION`, `ER_PARTITION_EXCHANGE_FOREIGN_KEY`, `ER_CHECK_NOT_IMPLEMENTED`,
/// `ER_NOT_SUPPORTED_YET`, `ER_ALTER_OPERATION_NOT_SUPPORTED`.
const REFUSALS: [u16; 12] =
    [1142, 1731, 1732, 1733, 1734, 1735, 1736, 1737, 1740, 1178, 1235, 1845];

/// Returns the exchange by which a change is made, if an exchange suits the change.
pub(crate) fn of<'a>(
    database: &Mysql,
    change: &'a TableChange,
    features: &'a Features,
) -> Option<Exchange<'a>> {
    let (facts, table) = (&database.table_facts, &change.after.name);
    let is_large =
        facts.is_large(table) || database.swap_from_rows == 0 && !facts.delicate.contains(table);
    // A swap that was interrupted is resumed as a swap.
    let is_possible = !database.cluster.has_other_writers() && !facts.is_begun(table);
    if is_possible && is_large { Exchange::of(change, features) } else { None }
}

/// Adds the CHECKs to a table that has all other changes, and returns its row count.
///
/// `None` if the server refuses to exchange the table's rows, or the user lacks a privilege. Then
/// nothing was done.
pub(crate) async fn exchange(
    database: &mut Mysql,
    exchange: &Exchange<'_>,
    progress: &Progress,
) -> Result<Option<u64>, Error> {
    progress.enter(Phase::Checking);
    let mut exchanging = Exchanging { database, exchange };
    if !exchanging.create().await? || !exchanging.lock().await? {
        exchanging.drop().await?;
        return Ok(None);
    }
    let done = exchanging.locked().await;
    let unlocked = exchanging.database.run_soon("unlocking tables", "UNLOCK TABLES").await;
    let rows = done?;
    unlocked?;
    exchanging.drop().await?;
    if rows.is_some() {
        exchanging.check().await?;
    }
    Ok(rows)
}

struct Exchanging<'a, 'b> {
    database: &'a mut Mysql,
    exchange: &'a Exchange<'b>,
}

impl Exchanging<'_, '_> {
    fn action(&self) -> String {
        format!("change table {}", self.exchange.after.name)
    }

    async fn run(&mut self, sql: &str) -> Result<(), Error> {
        let done = text_protocol::run_alone(&mut self.database.connection, sql).await;
        done.map(|_| ()).map_err(|source| self.database.context.error(&self.action(), source))
    }

    /// Creates the partitioned table; returns whether the server and the user can do that.
    async fn create(&mut self) -> Result<bool, Error> {
        for statement in self.exchange.create() {
            let done = text_protocol::run_alone(&mut self.database.connection, statement).await;
            if let Err(source) = done {
                // A table that cannot be partitioned, or a missing privilege.
                let is_refused = server_error(&source).is_some();
                let error = self.database.context.error(&self.action(), source);
                return match error {
                    Error::Database { .. } if is_refused => Ok(false),
                    error => unless_denied::<()>(error).map(|_| false),
                };
            }
        }
        Ok(true)
    }

    /// Locks the tables; returns whether the user may lock them.
    async fn lock(&mut self) -> Result<bool, Error> {
        let sql = self.exchange.lock();
        match text_protocol::run_soon(&mut self.database.connection, sql).await {
            Ok(_) => Ok(true),
            Err(source) => {
                let error = self.database.context.error(&self.action(), source);
                unless_denied::<()>(error).map(|_| false)
            }
        }
    }

    /// Exchanges the rows, changes the empty table, and exchanges the rows again.
    ///
    /// Returns the row count, `None` if the server refuses the exchange.
    async fn locked(&mut self) -> Result<Option<u64>, Error> {
        let table = self.exchange.after.name.clone();
        let rows = count(self.database, &table).await?;
        drop_foreign_keys(self.database, &table).await?;
        let exchanged = self.give_away().await;
        let changed = match exchanged {
            Ok(true) => {
                let checks = self.exchange.checks();
                let mut changed = Ok(());
                for sql in checks.statements(&ColumnAttributes::new(), self.exchange.features) {
                    changed = if changed.is_ok() { self.run(&sql).await } else { changed };
                }
                // The rows come back whatever became of the CHECKs.
                self.run(&self.exchange.exchange()).await?;
                changed.map(|()| Some(rows))
            }
            Ok(false) => Ok(None),
            Err(error) => Err(error),
        };
        self.add_foreign_keys().await?;
        changed
    }

    /// Moves the rows into the partition; returns whether the server can do that.
    async fn give_away(&mut self) -> Result<bool, Error> {
        let sql = self.exchange.exchange();
        match text_protocol::run_alone(&mut self.database.connection, sql).await {
            Ok(_) => Ok(true),
            Err(source) if is_refusal(&source) => Ok(false),
            Err(source) => Err(self.database.context.error(&self.action(), source)),
        }
    }

    /// Adds the foreign keys again, whose rows the server has checked before.
    async fn add_foreign_keys(&mut self) -> Result<(), Error> {
        let foreign_keys = self.exchange.foreign_keys();
        if foreign_keys.keys.is_empty() {
            return Ok(());
        }
        let none = UncheckedForeignKeys { table: foreign_keys.table, keys: Vec::new() };
        let Mysql { connection, context, .. } = &mut *self.database;
        foreign_keys::add_unchecked(connection, &foreign_keys, &none, context).await
    }

    /// Drops the partitioned table, which is empty.
    async fn drop(&mut self) -> Result<(), Error> {
        restore(self.database).await
    }

    /// Fails if a row violates a new CHECK, which then goes again.
    ///
    /// The preflight has looked for such rows. Another session may have written since.
    async fn check(&mut self) -> Result<(), Error> {
        let change = self.exchange.remaining();
        let Err(violated) = row_checks::of_new_constraints(self.database, &change).await else {
            return Ok(());
        };
        for sql in self.exchange.without_checks() {
            self.run(&sql).await?;
        }
        Err(violated)
    }
}

fn is_refusal(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| REFUSALS.contains(&number))
}

async fn count(database: &mut Mysql, table: &str) -> Result<u64, Error> {
    let sql = format!("SELECT COUNT(*) FROM {}", quote(table));
    let counted = text_protocol::value_of_tables(&mut database.connection, sql).await;
    let refused = |source| database.context.error(&format!("counting {table}"), source);
    Ok(counted.map_err(refused)?.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Returns the partitioned tables that interrupted exchanges have left, with their tables.
async fn left(database: &mut Mysql) -> Result<Vec<(String, String)>, Error> {
    let own = swap_tables::list(&mut database.connection, &database.context).await?;
    let table = |partitioned: String| {
        let table = partitioned.strip_prefix(swap_tables::PARTITIONED)?.to_owned();
        Some((partitioned, table))
    };
    Ok(own.into_iter().filter_map(table).collect())
}
