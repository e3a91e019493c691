//! Reports what was prepared.

use serde::Serialize;

/// The result of a preparation, or of taking it back.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct PrepareReport {
    /// The revision of the database, which stays; `None` is the base schema.
    pub from: Option<String>,
    /// The target of the upgrade that is prepared.
    pub to: Option<String>,
    /// Whether the preparation was taken back.
    pub is_undone: bool,
    /// The tables that were created, or dropped.
    #[serde(rename = "prepared_tables")]
    pub tables: Vec<PreparedTable>,
    /// The tables that an earlier run has created.
    pub earlier_tables: Vec<PreparedTable>,
    /// The tables whose columns were added and filled, or dropped.
    #[serde(rename = "filled_tables")]
    pub rows: Vec<FilledRows>,
    /// The indexes that were built, or dropped.
    #[serde(rename = "prepared_indexes")]
    pub indexes: Vec<PreparedIndex>,
    /// The indexes that an earlier run has built.
    pub earlier_indexes: Vec<PreparedIndex>,
    /// What the upgrade itself has to do.
    pub left_to_upgrade: Vec<LeftOut>,
    /// The duration in seconds.
    pub seconds: f64,
}

/// A table that can be created, was created, or was dropped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreparedTable {
    /// The table.
    pub table: String,
    /// The duration in seconds; 0 for what this run did not do.
    pub seconds: f64,
}

/// A table whose columns can be added and filled, were filled, or were dropped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FilledRows {
    /// The table.
    pub table: String,
    /// The columns that are new.
    #[serde(rename = "new_columns")]
    pub columns: Vec<String>,
    /// The number of rows that this run has filled.
    pub rows: u64,
    /// The duration in seconds; 0 for what this run did not do.
    pub seconds: f64,
}

/// An index that can be built, was built, or was dropped.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PreparedIndex {
    /// The table.
    pub table: String,
    /// The index.
    #[serde(rename = "index_name")]
    pub index: String,
    /// The duration in seconds; 0 for what this run did not do.
    pub seconds: f64,
}

/// A table or an index that the upgrade itself has to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// The index; `None` for the table itself.
    #[serde(rename = "index_name", skip_serializing_if = "Option::is_none")]
    pub index: Option<String>,
    /// Why it cannot be made beforehand.
    pub reason: String,
}
