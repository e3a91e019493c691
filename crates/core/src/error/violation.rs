//! Describes rows that violate a reference or an invariant.

use serde::Serialize;

/// The rows of a table that violate a reference or an invariant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    /// The table.
    pub table: String,
    /// The violation.
    pub problem: String,
    /// The number of rows.
    #[serde(rename = "row_count")]
    pub count: u64,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let noun = if self.count == 1 { "row" } else { "rows" };
        write!(f, "{}: {} {noun} {}", self.table, self.count, self.problem)
    }
}
