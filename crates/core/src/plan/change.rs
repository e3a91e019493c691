//! Models a change of one table, and how a backend makes the change.

use super::lock::TableLock;
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
    /// The number of indexes that are built over existing rows.
    ///
    /// A rewrite builds every index of the table.
    pub index_builds: usize,
    /// Whether statements write the rows of a rewrite, so that a binary log gets them.
    #[serde(skip)]
    pub logs_rows: bool,
    /// The number of statements that change the schema, each of which MySQL commits.
    #[serde(skip)]
    pub definitions: usize,
    /// The strongest lock on each table that is not new, by table.
    #[serde(skip)]
    pub locks: Vec<TableLock>,
}

/// Returns the number of indexes of a table: its keys, and its other indexes.
#[must_use]
pub fn indexes_of(table: &Table) -> usize {
    table.indexes.len() + table.uniques.len() + usize::from(table.primary_key.is_some())
}
