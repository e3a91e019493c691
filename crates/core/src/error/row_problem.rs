//! Describes rows that a data migration refuses.

use serde::Serialize;

/// A kind of rows that a data migration refuses, found before anything is changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowProblem {
    /// The revision of the data migration.
    pub revision: String,
    /// What is wrong.
    pub problem: String,
    /// The number of rows.
    #[serde(rename = "row_count")]
    pub count: u64,
    /// The first of these rows, or all of them where the problem names each.
    #[serde(rename = "examples")]
    pub rows: Vec<String>,
    /// A query that finds all these rows, where SQL can.
    pub query: Option<String>,
    /// Whether the migration can leave these values out ([`crate::data::DataOptions`]).
    #[serde(skip)]
    pub is_skippable: bool,
}

impl std::fmt::Display for RowProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rows = self.rows.join(", ");
        let noun = if self.count == 1 { "row" } else { "rows" };
        write!(f, "{}: {} ({} {noun}: {rows}", self.revision, self.problem, self.count)?;
        f.write_str(if self.count > self.rows.len() as u64 { ", …)" } else { ")" })
    }
}
