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
    /// The indexes that were built, or dropped.
    #[serde(rename = "prepared_indexes")]
    pub indexes: Vec<PreparedIndex>,
    /// The indexes that an earlier run has built.
    pub earlier_indexes: Vec<PreparedIndex>,
    /// The indexes that the upgrade itself has to build.
    pub left_to_upgrade: Vec<LeftOut>,
    /// The duration in seconds.
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

/// An index that the upgrade itself has to build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// The index.
    #[serde(rename = "index_name")]
    pub index: String,
    /// Why it cannot be built beforehand.
    pub reason: String,
}
