//! Models a change of one table, and how a backend makes the change.

use crate::schema::Table;

/// A change of one table, from the existing to the planned definition.
#[derive(Clone, Debug, PartialEq)]
pub struct TableChange {
    /// The table as it is; `None` if the change creates the table.
    pub before: Option<Table>,
    /// The table as planned.
    ///
    /// [`crate::schema::Column::renamed_from`] names the column of `before` that a renamed column
    /// comes from.
    pub after: Table,
    /// The revisions that require the change.
    pub revisions: Vec<String>,
}

/// How a backend will make a [`TableChange`].
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct ChangePlan {
    /// A short description: `create`, `rebuild`, `add column`.
    pub summary: String,
    /// The statements, as far as they are known beforehand.
    pub statements: Vec<String>,
    /// Whether every row of the table is rewritten.
    pub rebuilds: bool,
    /// Whether every row of the table is read.
    pub scans: bool,
}
