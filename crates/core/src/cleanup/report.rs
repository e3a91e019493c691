//! Reports what a cleanup has removed.

use serde::Serialize;

/// The result of a cleanup.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CleanupReport {
    /// The revision of the database, which stays.
    pub revision: Option<String>,
    /// What was removed, by the revision that no longer needs it; empty if nothing was left.
    pub cleaned: Vec<CleanedRevision>,
    /// The duration in seconds.
    pub seconds: f64,
}

/// The rows that were removed for one revision.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CleanedRevision {
    /// The revision.
    pub revision: String,
    /// A short description of the rows.
    pub title: String,
    /// The number of rows that this run has removed.
    pub rows: u64,
    /// The duration in seconds.
    pub seconds: f64,
}
