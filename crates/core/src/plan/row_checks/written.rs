//! What data migrations write on the way of a plan.

use std::collections::{BTreeMap, BTreeSet};

use crate::data::DataMigration;

/// The columns that the data migrations so far have written.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    /// Of rows that were there, by table.
    changed: BTreeMap<&'static str, BTreeSet<&'static str>>,
    /// Of rows that were there or were added.
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

    /// Whether rows of a table that are there may have another value in a column then, or be gone.
    pub(super) fn changes(&self, table: &str, column: &str) -> bool {
        self.emptied.contains(table)
            || self.changed.get(table).is_some_and(|columns| columns.contains(column))
    }

    /// Whether a table may have other values in a column then.
    pub(super) fn touches(&self, table: &str, column: &str) -> bool {
        self.emptied.contains(table)
            || self.any.get(table).is_some_and(|columns| columns.contains(column))
    }
}
