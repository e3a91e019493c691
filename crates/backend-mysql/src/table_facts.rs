//! What is known of tables besides their schema.

use std::collections::{BTreeMap, BTreeSet};

use crate::swap_tables::NEW;

/// What is known of the tables of a database besides their schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct TableFacts {
    /// The estimated rows of each table of InnoDB's.
    pub(crate) rows: BTreeMap<String, u64>,
    /// Tables that a rename or a new table would do harm to.
    pub(crate) delicate: BTreeSet<String>,
    /// Tables that have as many rows as a swap takes, counted.
    pub(crate) large: BTreeSet<String>,
}

impl TableFacts {
    /// Whether a table is large enough for a swap, or one has begun: what was begun as a swap goes on
    /// as one.
    pub(crate) fn is_large(&self, table: &str) -> bool {
        self.large.contains(table) || self.is_begun(table)
    }

    /// About how many rows a table has.
    pub(crate) fn estimated_rows(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or_default()
    }

    /// Whether a new table is there that an interrupted swap of this one has left.
    pub(crate) fn is_begun(&self, table: &str) -> bool {
        self.rows.contains_key(&format!("{NEW}{table}"))
    }
}
