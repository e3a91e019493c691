//! Counts what was read, and what was left out.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::reason::Reason;
use crate::tables::Table;

/// The number of entries that a report names for each table.
const NAMED: usize = 10;

/// An entry that was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The file or folder.
    pub path: PathBuf,
    /// The reason.
    pub reason: Reason,
}

/// Entries that were left out, all for rows of the same table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entries {
    /// The number of entries.
    pub count: u64,
    /// The first ten entries.
    pub first: Vec<Entry>,
}

/// The result of reading a file store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// The number of rows of each table.
    pub rows: BTreeMap<Table, u64>,
    /// The entries at which `mlflow migrate-filestore` ends, or whose rows the schema refuses.
    ///
    /// MLflow's command writes some of the latter, since SQLite checks neither foreign keys nor that
    /// an integer column holds integers.
    pub malformed: BTreeMap<Table, Entries>,
    /// The entries that `mlflow migrate-filestore` leaves out, silently or with a warning.
    pub skipped: BTreeMap<Table, Entries>,
}

impl ReadReport {
    /// Returns the number of rows of all tables.
    #[must_use]
    pub fn row_count(&self) -> u64 {
        self.rows.values().sum()
    }

    /// Returns the number of malformed entries of all tables.
    #[must_use]
    pub fn malformed_count(&self) -> u64 {
        self.malformed.values().map(|entries| entries.count).sum()
    }

    /// Returns the number of skipped entries of all tables.
    #[must_use]
    pub fn skipped_count(&self) -> u64 {
        self.skipped.values().map(|entries| entries.count).sum()
    }

    pub(crate) fn add(&mut self, omission: Omission) {
        let Omission { table, class, entry } = omission;
        let entries = match class {
            Class::Malformed => self.malformed.entry(table).or_default(),
            Class::Skipped => self.skipped.entry(table).or_default(),
        };
        entries.count += 1;
        if entries.first.len() < NAMED {
            entries.first.push(entry);
        }
    }
}

/// How an entry that is left out counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    Malformed,
    Skipped,
}

/// An entry that is left out, before it is counted.
#[derive(Clone, Debug)]
pub(crate) struct Omission {
    pub(crate) table: Table,
    pub(crate) class: Class,
    pub(crate) entry: Entry,
}
