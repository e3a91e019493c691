//! What a step is doing, and how far it is.

use serde::Serialize;

/// A phase of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Phase {
    /// Rows are copied to a new table.
    Copying,
    /// The definition of a table is changed, which may rewrite or read all of its rows.
    Changing,
    /// An index is built.
    BuildingIndex {
        /// The number of the index within the step, from 1.
        #[serde(rename = "index")]
        number: usize,
        /// How many indexes the step builds.
        #[serde(rename = "index_count")]
        count: usize,
    },
    /// Several indexes are built at once, by one statement.
    BuildingIndexes {
        /// How many indexes the statement builds.
        #[serde(rename = "index_count")]
        count: usize,
    },
    /// Existing rows are checked or counted.
    Checking,
    /// The server does what its own words say.
    Server {
        /// The server's name for the phase.
        #[serde(rename = "server_phase")]
        name: String,
    },
}

/// How much of a phase is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How much is done.
    pub done: u64,
    /// How much there is in all, where known.
    pub total: Option<u64>,
    /// Whether the total is only an estimate of the server's.
    pub is_estimate: bool,
    /// What is counted.
    pub unit: Unit,
}

impl Amount {
    /// Returns an amount of rows; a total that is known is exact.
    #[must_use]
    pub fn rows(done: u64, total: Option<u64>) -> Self {
        Self { done, total, is_estimate: false, unit: Unit::Rows }
    }

    /// Returns an amount of rows out of an estimated total.
    ///
    /// An estimate that the rows have passed is wrong, so the total is unknown from then on.
    #[must_use]
    pub fn rows_of_about(done: u64, estimate: u64) -> Self {
        let total = (estimate > done).then_some(estimate);
        Self { done, total, is_estimate: total.is_some(), unit: Unit::Rows }
    }
}

/// What an amount counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// Rows of a table.
    Rows,
    /// Blocks of a table, as PostgreSQL reads them.
    Blocks,
    /// The server's own units of work.
    Units,
}
