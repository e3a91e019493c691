//! A change of one table, and how a backend makes it.

use crate::schema::Table;

/// A table that becomes different: from what is there to what is wanted.
#[derive(Clone, Debug, PartialEq)]
pub struct TableChange {
    /// The table as it is; `None` if it is to be created.
    pub before: Option<Table>,
    /// The table as it shall be. [`crate::schema::Column::renamed_from`] tells which column of
    /// `before` a renamed one is.
    pub after: Table,
    /// The revisions that ask for the change.
    pub revisions: Vec<String>,
}

/// How a backend will make a [`TableChange`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ChangePlan {
    /// A few words: `create`, `rebuild`, `add column`.
    pub summary: String,
    /// The statements, as far as they can be told beforehand.
    pub statements: Vec<String>,
    /// Whether every row of the table is written again.
    pub rebuilds: bool,
    /// Whether every row of the table is read.
    pub scans: bool,
}
