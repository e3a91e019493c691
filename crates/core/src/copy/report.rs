//! Reports what a copy did, or would do.

use serde::Serialize;

use super::artifact_root::Rewritten;
use super::digest::Digest;
use super::renumbering::Renumbered;
use super::source::Source;
use crate::UpgradeReport;
use crate::error::{CopyFinding, Error};

/// The result of a copy.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CopyReport {
    /// The revision of the source; `None` is the base schema.
    pub revision: Option<String>,
    /// The MLflow releases that expect the revision of the destination.
    pub releases: Vec<String>,
    /// Whether an earlier run had copied the rows already.
    pub was_copied: bool,
    /// The tables.
    #[serde(rename = "copied_tables")]
    pub tables: Vec<CopiedTable>,
    /// The number of rows at the destination, of all tables, before it was upgraded.
    #[serde(rename = "row_count")]
    pub rows: u64,
    /// What the source has beside MLflow's own tables and columns, and was not copied.
    pub left_out: Vec<String>,
    /// The rows that were left out, as the user has asked.
    pub skipped: Vec<CopyFinding>,
    /// The places of artifacts that were rewritten.
    pub rewritten: Vec<Rewritten>,
    /// The experiments that have got new numbers, as the user has asked.
    pub renumbered: Vec<Renumbered>,
    /// The upgrade of the destination after the copy, if the user has asked for one.
    pub upgrade: Option<UpgradeReport>,
    /// The duration in seconds.
    pub seconds: f64,
}

impl CopyReport {
    /// Returns the report of a copy whose rows an earlier run has copied.
    pub(super) fn of_earlier_run(found: &Source, tables: Vec<CopiedTable>) -> Self {
        Self {
            revision: found.location.revision.clone(),
            releases: Vec::new(),
            was_copied: true,
            rows: tables.iter().map(|table| table.rows).sum(),
            tables,
            left_out: found.left_out(),
            skipped: Vec::new(),
            rewritten: Vec::new(),
            renumbered: Vec::new(),
            upgrade: None,
            seconds: 0.0,
        }
    }
}

/// A table that was copied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CopiedTable {
    /// The table.
    pub table: String,
    /// The number of rows at the destination.
    #[serde(rename = "row_count")]
    pub rows: u64,
    /// The digest of the rows that were copied, equal on both sides.
    pub digest: Digest,
    /// The number of rows that were left out.
    #[serde(rename = "skipped_row_count")]
    pub skipped: u64,
}

/// What a copy would do, and what prevents it.
#[derive(Debug)]
#[non_exhaustive]
pub struct CopyPreview {
    /// The revision of the source; `None` is the base schema.
    pub revision: Option<String>,
    /// The tables, with the number of their rows at the source.
    pub tables: Vec<TableRows>,
    /// What the source has beside MLflow's own tables and columns, and would not be copied.
    pub left_out: Vec<String>,
    /// The rows that cannot be copied as they are.
    pub findings: Vec<CopyFinding>,
    /// The obstacles at the destination.
    pub problems: Vec<Error>,
}

/// A table of the source, and the number of its rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// The number of rows.
    #[serde(rename = "row_count")]
    pub rows: u64,
}

/// The comparison of a copy with its source.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CopyComparison {
    /// The revision of both; `None` is the base schema.
    pub revision: Option<String>,
    /// The tables.
    #[serde(rename = "compared_tables")]
    pub tables: Vec<ComparedTable>,
    /// The duration in seconds.
    pub seconds: f64,
}

impl CopyComparison {
    /// Returns whether all tables have equal rows.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.tables.iter().all(ComparedTable::is_equal)
    }
}

/// The rows of a table on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ComparedTable {
    /// The table.
    pub table: String,
    /// The number of rows at the source, without those that cannot be copied.
    #[serde(rename = "source_row_count")]
    pub source_rows: u64,
    /// The number of rows at the destination.
    #[serde(rename = "destination_row_count")]
    pub destination_rows: u64,
    /// The digest of the source's rows, as the destination stores them.
    pub source_digest: Digest,
    /// The digest of the destination's rows.
    pub destination_digest: Digest,
}

impl ComparedTable {
    /// Returns whether the rows are equal.
    #[must_use]
    pub fn is_equal(&self) -> bool {
        self.source_digest == self.destination_digest
    }
}
