//! Facts about tables besides their schema.

use std::collections::{BTreeMap, BTreeSet};

use crate::swap_tables::NEW;

/// Facts about the tables of a database besides their schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableFacts {
    /// The estimated row count of each InnoDB table.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Tables that a rename or a new table would damage.
    pub(crate) delicate: BTreeSet<String>,
    /// Tables whose row count reaches the threshold of a swap.
    pub(crate) large: BTreeSet<String>,
}

impl TableFacts {
    /// Returns whether a table is large enough for a swap, or a swap of it was interrupted.
    ///
    /// An interrupted swap is resumed as a swap.
    pub(crate) fn is_large(&self, table: &str) -> bool {
        self.large.contains(table) || self.is_begun(table)
    }

    /// Returns about how many rows a table has.
    pub(crate) fn estimated_rows(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or_default()
    }

    /// Returns whether an interrupted swap of this table has left its new table.
    pub(crate) fn is_begun(&self, table: &str) -> bool {
        self.rows.contains_key(&format!("{NEW}{table}"))
    }
}
