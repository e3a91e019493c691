//! Models what is done with the rows of a table, and how many they are.

use sea_query::{Condition, SelectStatement};
use serde::Serialize;

use crate::backend::TableSize;
use crate::plan::TableChange;

/// An amount of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// The number of rows.
    pub rows: u64,
    /// Their bytes, with indexes where these are concerned; `None` where they are not known.
    pub bytes: Option<u64>,
}

impl Amount {
    /// Adds an amount.
    pub(super) fn and(self, other: Self) -> Self {
        let bytes = match (self.bytes, other.bytes) {
            (None, None) => None,
            (one, other) => Some(one.unwrap_or_default() + other.unwrap_or_default()),
        };
        Self { rows: self.rows + other.rows, bytes }
    }
}

/// The kind of work on the rows of one table.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    /// Changes the table.
    Change {
        change: Box<TableChange>,
        rebuilds: bool,
        index_builds: usize,
        indexes: usize,
        logs_rows: bool,
    },
    /// Reads some columns of every row.
    Read { columns: Vec<String> },
    /// Runs one query over all rows.
    Query { query: Box<SelectStatement> },
    /// Writes rows.
    Update {
        /// The rows that are likely to be written.
        rows: Condition,
        /// The columns in the condition that the live table lacks, and so has no values of.
        without_values: Vec<&'static str>,
        /// Whether the next change of the table writes the rows.
        waits: bool,
    },
    /// Adds rows, as many as a query over those that are read counts.
    Add { count: Option<Box<SelectStatement>> },
    /// Deletes rows.
    Delete { rows: Condition },
}

/// What a step does with the rows of one table.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) table: String,
    pub(super) size: TableSize,
    pub(super) kind: Kind,
    pub(super) read: Amount,
    pub(super) written: Amount,
}

impl Part {
    /// Returns the number of rows that the work is about.
    pub(super) fn rows(&self) -> u64 {
        self.read.rows.max(self.written.rows)
    }
}
