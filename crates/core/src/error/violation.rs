//! Rows that do not fit together.

use serde::Serialize;

/// Rows that do not fit together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The table.
    pub table: String,
    /// What is wrong with its rows.
    pub problem: String,
    /// How many there are.
    pub count: u64,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let noun = if self.count == 1 { "row" } else { "rows" };
        write!(f, "{}: {} {noun} {}", self.table, self.count, self.problem)
    }
}
