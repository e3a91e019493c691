//! Describes rows that cannot be copied as they are.

use serde::Serialize;

/// Rows of one table that cannot be copied for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopyFinding {
    /// The table.
    pub table: String,
    /// The column, the first one of a key, or the constraint.
    pub place: String,
    /// What is wrong.
    pub problem: String,
    /// The number of rows.
    #[serde(rename = "row_count")]
    pub count: u64,
    /// The first of these rows, by their keys.
    pub examples: Vec<String>,
    /// A query on the source that finds all of them, where SQL can.
    pub query: Option<String>,
    /// Whether a copy can leave these rows out, and those that reference them.
    pub is_skippable: bool,
    /// Whether these rows only reference others that cannot be copied.
    pub is_consequence: bool,
    /// What makes these rows fit, where the place that found them knows.
    #[serde(skip)]
    pub remedy: Option<CopyRemedy>,
}

/// What makes rows fit into the destination of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CopyRemedy {
    /// Experiments get new numbers.
    RenumberExperiments,
    /// The destination gets a character set that holds every character.
    UnicodeCharset,
    /// The destination gets a collation that distinguishes the keys.
    ExactCollation,
}

impl std::fmt::Display for CopyFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { table, place, problem, count, examples, .. } = self;
        let noun = if *count == 1 { "row" } else { "rows" };
        write!(f, "{table}: {place} {problem} ({count} {noun}")?;
        match examples.as_slice() {
            [] => f.write_str(")"),
            shown if *count > shown.len() as u64 => write!(f, ": {}, …)", shown.join(", ")),
            shown => write!(f, ": {})", shown.join(", ")),
        }
    }
}
