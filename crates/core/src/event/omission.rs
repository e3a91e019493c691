//! Reports rows that a data migration leaves out.

use std::fmt;

use serde::Serialize;

use crate::error::RowProblem;

/// Rows that a data migration left out instead of refusing the upgrade.
///
/// See [`DataOptions::skip_invalid`](crate::data::DataOptions::skip_invalid).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Omission {
    /// The revision of the data migration.
    pub revision: String,
    /// The table that holds the rows. The rows stay there as they are.
    pub table: String,
    /// Why the migration cannot take the rows over.
    pub problem: String,
    /// The number of rows.
    #[serde(rename = "row_count")]
    pub count: u64,
    /// The first of these rows.
    pub examples: Vec<String>,
}

impl Omission {
    /// Returns the rows of a table that a migration would refuse otherwise.
    pub(crate) fn of(table: &str, refused: RowProblem) -> Self {
        let RowProblem { revision, problem, count, rows: examples, .. } = refused;
        Self { revision, table: table.to_owned(), problem, count, examples }
    }
}

impl fmt::Display for Omission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, problem, count, .. } = self;
        let noun = if *count == 1 { "row" } else { "rows" };
        write!(f, "{count} {noun} of {table}: {problem}")
    }
}
