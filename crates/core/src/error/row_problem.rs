//! Rows that stand in the way.

use serde::Serialize;

/// What a data migration would stumble over: found before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    /// The revision whose data migration refuses it.
    pub revision: String,
    /// What is wrong.
    pub problem: String,
    /// In how many rows.
    pub count: u64,
    /// The first of these rows (or all of them, where the problem names each).
    pub rows: Vec<String>,
    /// A query that finds them all, where SQL can.
    pub query: Option<String>,
}

impl std::fmt::Display for RowProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.rows.join(", ");
        let noun = if self.count == 1 { "row" } else { "rows" };
        write!(f, "{}: {} ({} {noun}: {rows}", self.revision, self.problem, self.count)?;
        f.write_str(if self.count > self.rows.len() as u64 { ", …)" } else { ")" })
    }
}
