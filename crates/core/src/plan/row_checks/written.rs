//! Tracks what the data migrations of a plan have written.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::DataMigration;

/// The columns that the data migrations so far have written.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Columns written in existing rows, by table.
    changed: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Columns written in existing or added rows, by table.
    any: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// The tables of which rows were deleted.
    emptied: BTreeSet<&'static str>,
}

impl Written {
    pub(super) fn add(&mut self, migration: &dyn DataMigration) {
        for (table, columns) in migration.writes() {
            if columns.is_empty() {
                self.emptied.insert(table);
            }
            self.any.entry(table).or_default().extend(*columns);
            if !migration.only_adds() {
                self.changed.entry(table).or_default().extend(*columns);
            }
        }
    }

    /// Returns whether existing rows may have another value in a column, or be deleted.
    pub(super) fn changes(&self, table: &str, column: &str) -> bool {
        self.emptied.contains(table)
            || self.changed.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Returns whether a table may have other values in a column.
    pub(super) fn touches(&self, table: &str, column: &str) -> bool {
        self.emptied.contains(table)
            || self.any.get(table).is_some_and(|columns| columns.contains(column))
    }
}
