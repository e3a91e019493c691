//! Predicts disk space from the sizes in the catalogue.

use serde::Serialize;

use super::kind::{Amount, Kind};
use crate::backend::{ChangeLog, TableSize};

/// The disk space that an upgrade needs besides the database's own, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Disk {
    /// Copies of tables, new versions of rows, and new indexes.
    #[serde(rename = "table_bytes")]
    pub tables: u64,
    /// What the database writes besides: its write-ahead log, binary log or rollback journal.
    #[serde(rename = "log_bytes")]
    pub log: u64,
    /// Temporary files of the largest sort.
    #[serde(rename = "sort_bytes")]
    pub sorting: u64,
}

impl Disk {
    /// Returns all of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.tables + self.log + self.sorting
    }

    /// Adds the space of another step, whose sorts come later.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            tables: self.tables + other.tables,
            log: self.log + other.log,
            sorting: self.sorting.max(other.sorting),
        }
    }

    /// Returns the space for work on one table.
    pub(super) fn of(kind: &Kind, size: TableSize, written: Amount, log: ChangeLog) -> Self {
        let tables = match kind {
            // Only PostgreSQL keeps the former version of a row in the table.
            Kind::Update if log != ChangeLog::TablesAndIndexes => 0,
            Kind::Change { .. } | Kind::Update | Kind::Add => written.bytes.unwrap_or_default(),
            Kind::Read { .. } | Kind::Query { .. } | Kind::Delete => 0,
        };
        let former = match kind {
            Kind::Change { rebuilds: true, .. } | Kind::Update | Kind::Delete => {
                size.bytes.unwrap_or_default()
            }
            _ => 0,
        };
        let log = match (log, kind) {
            (ChangeLog::Nothing, _) => 0,
            (ChangeLog::FormerPages, _) => former,
            (ChangeLog::TablesAndIndexes, Kind::Delete) => own_bytes(size),
            (ChangeLog::TablesAndIndexes, _) => tables,
            (ChangeLog::Rows, Kind::Change { logs_rows, .. }) => {
                if *logs_rows {
                    own_bytes(size)
                } else {
                    0
                }
            }
            // The log gets each row before and after.
            (ChangeLog::Rows, Kind::Update) => 2 * own_bytes(size),
            (ChangeLog::Rows, Kind::Delete) => own_bytes(size),
            (ChangeLog::Rows, _) => tables,
        };
        let sorting = match kind {
            Kind::Change { index_builds, indexes, .. } if *index_builds > 0 => {
                of_index(size, *indexes)
            }
            _ => 0,
        };
        Self { tables, log, sorting }
    }
}

impl Disk {
    /// Takes the place of new versions of rows from a sample.
    pub(super) fn with_versions(mut self, bytes: u64) -> Self {
        (self.tables, self.log) = (bytes, bytes);
        self
    }

    /// Limits a rollback journal, which holds each former page once.
    pub(super) fn within(mut self, log: ChangeLog, database: u64) -> Self {
        if log == ChangeLog::FormerPages {
            self.log = self.log.min(database);
        }
        self
    }
}

/// Returns the bytes of a table's rows, without its indexes.
pub(super) fn own_bytes(size: TableSize) -> u64 {
    let indexes = size.index_bytes.unwrap_or_default();
    size.bytes.unwrap_or_default().saturating_sub(indexes)
}

/// Returns about how many bytes an index of a table takes.
///
/// A key is at most about half as wide as its row, and no index is larger than the others on average.
pub(super) fn of_index(size: TableSize, indexes: usize) -> u64 {
    let half = own_bytes(size) / 2;
    match size.index_bytes.unwrap_or_default() {
        0 => half,
        bytes => half.min(bytes / indexes.max(1) as u64),
    }
}
