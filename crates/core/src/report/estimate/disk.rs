//! Predicts disk space from the sizes in the catalogue, and from how many rows of a sample are written.

use serde::Serialize;

use super::kind::{Kind, Part};
use crate::backend::{ChangeLog, DiskFacts, TableSize};

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
    /// What later steps can use again.
    #[serde(skip)]
    pub(super) freed: u64,
}

/// What a step writes to a table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// The share of the rows that the step is about.
    pub(super) share: f64,
    /// The bytes by which the table and its indexes grow, where a sample has shown them.
    pub(super) grown: Option<u64>,
}

impl Written {
    /// What is written at most: every row.
    pub(super) const ALL: Self = Self { share: 1.0, grown: None };

    fn of(self, bytes: u64) -> u64 {
        (bytes as f64 * self.share) as u64
    }
}

impl Disk {
    /// Returns all of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.tables + self.log + self.sorting
    }

    /// Adds the space of other work in the same step, whose sorts come later.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            tables: self.tables + other.tables,
            log: self.log + other.log,
            sorting: self.sorting.max(other.sorting),
            freed: self.freed + other.freed,
        }
    }

    /// Returns the larger of both in every respect, since a sample may show more than the catalogue.
    pub(super) fn at_least(self, other: Self) -> Self {
        Self {
            tables: self.tables.max(other.tables),
            log: self.log.max(other.log),
            sorting: self.sorting.max(other.sorting),
            freed: self.freed.min(other.freed),
        }
    }

    /// Returns the space of all steps, one after the other.
    ///
    /// The tables count at their largest: a step can use what the steps before it have freed.
    pub(super) fn of_all(steps: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::default();
        let mut largest = 0;
        for step in steps {
            all = all.and(step);
            largest = largest.max((all.tables + step.freed).saturating_sub(all.freed));
        }
        Self { tables: largest, ..all }
    }

    /// Returns the space for work on one table.
    pub(super) fn of(part: &Part, written: Written, facts: &DiskFacts) -> Self {
        let bytes = part.written.bytes.unwrap_or_default();
        let tables = match &part.kind {
            // Only PostgreSQL keeps the former version of a row in the table.
            Kind::Update { .. } if facts.log != ChangeLog::TablesAndIndexes => 0,
            Kind::Update { .. } => written.grown.unwrap_or_else(|| written.of(bytes)),
            Kind::Change { .. } => written.grown.unwrap_or(bytes),
            Kind::Add { .. } => written.of(bytes),
            Kind::Read { .. } | Kind::Query { .. } | Kind::Delete { .. } => 0,
        };
        let log = match facts.log {
            ChangeLog::Nothing => 0,
            ChangeLog::FormerPages => former_pages(part, written, facts),
            ChangeLog::TablesAndIndexes => tables + whole_pages(part, written, facts),
            ChangeLog::Rows => rows_in_log(part, written, tables),
        };
        let sorting = match &part.kind {
            Kind::Change { index_builds, indexes, .. } if *index_builds > 0 => {
                match written.grown {
                    Some(bytes) => bytes / *index_builds as u64,
                    None => of_index(part.size, *indexes),
                }
            }
            _ => 0,
        };
        let sorting = if sorting > facts.sort_memory { sorting } else { 0 };
        let is_truncated = matches!(part.kind, Kind::Delete { .. }) && written.share >= 1.0;
        let is_freed = is_truncated && facts.frees_truncated;
        let freed = if is_freed { part.size.bytes.unwrap_or_default() } else { 0 };
        Self { tables, log, sorting, freed }
    }

    /// Returns the space that is likely for a whole upgrade on a database of some size.
    ///
    /// The log first fills the room that it has. A log that is recycled ends there.
    pub(super) fn likely(self, facts: &DiskFacts, database: u64) -> Self {
        let log = self.log.saturating_sub(facts.log_room);
        let log = facts.log_limit.map_or(log, |limit| log.min(limit));
        Self { log, ..self }.at_most(facts, database)
    }

    /// Limits a rollback journal, which holds each former page once.
    pub(super) fn at_most(mut self, facts: &DiskFacts, database: u64) -> Self {
        if facts.log == ChangeLog::FormerPages {
            self.log = self.log.min(database);
        }
        self
    }
}

/// Returns what a rollback journal gets.
///
/// The pages of a table that is dropped become free without being written, so a rebuild adds none.
fn former_pages(part: &Part, written: Written, facts: &DiskFacts) -> u64 {
    let own = touched(part.size, written.share, facts.page);
    match &part.kind {
        Kind::Update { waits: false, .. } => own,
        // Every index has its entries in another order.
        Kind::Delete { .. } if written.share > 0.0 => {
            own + part.size.index_bytes.unwrap_or_default()
        }
        _ => 0,
    }
}

/// Returns the whole pages that a write-ahead log gets when they change first.
fn whole_pages(part: &Part, written: Written, facts: &DiskFacts) -> u64 {
    let own = touched(part.size, written.share, facts.page);
    match &part.kind {
        Kind::Update { .. } if written.share > 0.0 => {
            own + part.size.index_bytes.unwrap_or_default()
        }
        // A table without other rows is truncated.
        Kind::Delete { .. } if written.share < 1.0 => own,
        _ => 0,
    }
}

/// The share of InnoDB's pages that rows take, whose keys come in no order.
///
/// The middle between 1/2 and 15/16 (MySQL manual, "The Physical Structure of an InnoDB Index").
const PAGE_FILL: f64 = 0.72;

/// Returns what a binary log gets.
fn rows_in_log(part: &Part, written: Written, tables: u64) -> u64 {
    let own = (own_bytes(part.size) as f64 * PAGE_FILL) as u64;
    match &part.kind {
        Kind::Change { logs_rows: true, .. } => own,
        Kind::Change { .. } => 0,
        // The log gets each row before and after.
        Kind::Update { .. } => written.of(2 * own),
        Kind::Delete { .. } if written.share < 1.0 => written.of(own),
        Kind::Delete { .. } => 0,
        _ => tables,
    }
}

/// Returns the bytes of a table's pages that hold at least one of the written rows.
///
/// The written rows lie anywhere among the others.
fn touched(size: TableSize, share: f64, page: u64) -> u64 {
    let own = own_bytes(size) as f64;
    let rows_a_page = (size.rows as f64 * page as f64 / own.max(1.0)).max(1.0);
    (own * (1.0 - (1.0 - share.min(1.0)).powf(rows_a_page))) as u64
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

#[cfg(test)]
mod tests {
    use super::{Disk, TableSize, touched};

    #[test]
    fn a_step_uses_what_the_steps_before_it_have_freed() {
        let step = |tables, freed| Disk { tables, freed, log: 1, sorting: tables };
        let all = Disk::of_all([step(3, 0), step(0, 5), step(10, 0)].into_iter());
        assert_eq!((all.tables, all.log, all.sorting), (8, 3, 10));
        let all = Disk::of_all([step(9, 0), step(0, 5), step(1, 0)].into_iter());
        assert_eq!(all.tables, 9);
    }

    #[test]
    fn scattered_rows_touch_more_pages_than_their_share() {
        let size = TableSize { rows: 1000, bytes: Some(100_000), index_bytes: None };
        assert_eq!(touched(size, 0.0, 1000), 0);
        assert_eq!(touched(size, 1.0, 1000), 100_000);
        // Ten rows a page: one page in about three has none of a tenth of the rows.
        assert_eq!(touched(size, 0.1, 1000) / 1000, 65);
        assert_eq!(touched(TableSize::default(), 0.5, 1000), 0);
    }
}
