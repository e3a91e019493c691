//! Models the locks that a step takes, and whom they keep waiting.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Serialize;

use crate::data::DataMigration;
use crate::schema::platform::{Dialect, Platform};

/// The other sessions that wait for a table while a lock is held, from the fewest to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Waiting {
    /// Nobody waits, or only for a moment.
    Nobody,
    /// Sessions that change the same rows wait.
    WritersOfTheSameRows,
    /// Sessions that write wait, and sessions that read continue.
    Writers,
    /// Sessions that read or write wait.
    ReadersAndWriters,
}

/// A lock on one table, or on all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableLock {
    /// The table; `None` is the whole database.
    pub table: Option<String>,
    /// The server's own name for the lock.
    pub lock: Cow<'static, str>,
    /// The sessions that wait.
    pub waiting: Waiting,
}

impl TableLock {
    /// Names a lock on a table.
    #[must_use]
    pub fn new(table: &str, lock: &'static str, waiting: Waiting) -> Self {
        Self { table: Some(table.to_owned()), lock: Cow::Borrowed(lock), waiting }
    }

    /// Names a lock on the whole database.
    #[must_use]
    pub const fn of_database(lock: &'static str, waiting: Waiting) -> Self {
        Self { table: None, lock: Cow::Borrowed(lock), waiting }
    }
}

/// The lock that an upgrade of an SQLite file holds from its beginning to its commit.
pub const RESERVED: TableLock = TableLock::of_database("RESERVED", Waiting::Writers);

/// Returns the lock of a table that is dropped.
#[must_use]
pub fn of_dropped(table: &str, platform: &Platform) -> TableLock {
    let lock = match platform.dialect {
        Dialect::Sqlite => return RESERVED,
        Dialect::Postgres => "ACCESS EXCLUSIVE",
        Dialect::Mysql => "EXCLUSIVE metadata lock",
    };
    TableLock::new(table, lock, Waiting::ReadersAndWriters)
}

/// Returns the locks of a data migration.
///
/// A table that is truncated gets a lock of its own, even if its rows are then deleted instead.
#[must_use]
pub fn of_migration(migration: &dyn DataMigration, platform: &Platform) -> Vec<TableLock> {
    let rows = if migration.only_adds() { Waiting::Nobody } else { Waiting::WritersOfTheSameRows };
    let (row_lock, truncation) = match platform.dialect {
        Dialect::Sqlite => return vec![RESERVED],
        Dialect::Postgres => ("ROW EXCLUSIVE", "ACCESS EXCLUSIVE"),
        Dialect::Mysql => ("row locks", "LOCK TABLES WRITE"),
    };
    let written = migration.writes().iter().map(|(table, _)| TableLock::new(table, row_lock, rows));
    let truncated = migration.truncates().iter();
    strongest(written.chain(
        truncated.map(|table| TableLock::new(table, truncation, Waiting::ReadersAndWriters)),
    ))
}

/// Returns the strongest lock of each table, in the order of the names.
///
/// Of two locks that keep the same sessions waiting, the later one counts.
#[must_use]
pub fn strongest(locks: impl IntoIterator<Item = TableLock>) -> Vec<TableLock> {
    let mut strongest: BTreeMap<Option<String>, TableLock> = BTreeMap::new();
    for lock in locks {
        match strongest.get(&lock.table) {
            Some(known) if known.waiting > lock.waiting => {}
            _ => {
                strongest.insert(lock.table.clone(), lock);
            }
        }
    }
    strongest.into_values().collect()
}
