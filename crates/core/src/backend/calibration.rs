//! Measures work on samples of tables, in temporary tables that leave no trace.

use std::time::Instant;

use async_trait::async_trait;
use sea_query::{Condition, SelectStatement};

use super::TableSize;
use crate::error::Error;
use crate::plan::TableChange;
use crate::schema::Table;

/// The name of the temporary table that holds a sample.
pub const SAMPLE: &str = "mlflow_migrate_sample";

/// The column of a sample that an update writes.
pub const SAMPLED: &str = "mlflow_migrate_sampled";

/// A sample of a table's rows.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The table whose rows are copied.
    pub source: String,
    /// The columns that are copied.
    pub columns: Vec<String>,
    /// The temporary table, named [`SAMPLE`].
    pub table: Table,
    /// The number of rows in the source.
    pub rows: u64,
    /// The most rows to copy.
    pub most_rows: u64,
}

/// What an upgrade does with the rows of a table.
#[derive(Clone, Debug)]
pub enum Work {
    /// Changes the table; both definitions are named [`SAMPLE`].
    Change(Box<TableChange>),
    /// Builds the new indexes of a change that does not copy the table, and returns their bytes.
    ///
    /// Returns 0 where the bytes are not known.
    BuildIndexes(Box<TableChange>),
    /// Writes the column [`SAMPLED`] of some rows.
    Update(Condition),
    /// Deletes some rows.
    Delete(Condition),
    /// Checks the sample for damage, where the database is a file.
    Check,
    /// Reads rows, and writes none.
    Query(Box<SelectStatement>),
    /// Computes how many rows would be added.
    Count(Box<SelectStatement>),
}

/// What a calibration has measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Measured {
    /// The number of rows in the sample.
    pub rows: u64,
    /// The seconds that copying the rows into the sample took.
    pub filling: f64,
    /// The seconds of the work on the sample.
    pub working: f64,
    /// The seconds of the same work on an empty sample.
    pub fixed: f64,
    /// The number of rows that the work wrote, or would add; the bytes of new indexes.
    pub written: u64,
    /// The bytes that the work has added to the sample, where the database reports them.
    pub grown: Option<u64>,
}

/// What a database writes besides its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeLog {
    /// Nothing that grows with the rows.
    Nothing,
    /// Everything that tables and indexes get: a write-ahead log.
    TablesAndIndexes,
    /// The rows that statements write: a binary log.
    Rows,
    /// The former content of changed pages, until the commit: a rollback journal.
    FormerPages,
}

/// What decides how much room an upgrade needs besides its tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiskFacts {
    /// What the database writes besides its tables.
    pub log: ChangeLog,
    /// The bytes of a page, where the log gets whole pages.
    pub page: u64,
    /// The bytes that the log can grow by without taking more room.
    pub log_room: u64,
    /// The bytes beyond which the log is recycled, if it is.
    pub log_limit: Option<u64>,
    /// The most bytes that a sort keeps in memory.
    pub sort_memory: u64,
    /// Whether a truncated table gives its room back before the upgrade ends.
    pub frees_truncated: bool,
}

/// How long a server waits until the disk has what one statement has changed.
///
/// No temporary table shows this wait, since a temporary table need not survive a crash.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flushing {
    /// The seconds of one flush: the least, the expected and the most.
    pub seconds: [f64; 3],
    /// The number of flushes of one change of a table: the least, the expected and the most.
    pub of_change: [f64; 3],
    /// The number of flushes of one commit.
    pub of_commit: f64,
    /// Whether the server has measured the seconds; else they are assumed.
    pub is_measured: bool,
}

/// Measures work on samples of tables.
///
/// A backend never changes a table of the database for this: a session of its own holds temporary
/// tables only.
#[async_trait]
pub trait Calibration: Send {
    /// Begins a session that may create temporary tables.
    async fn begin_calibration(&mut self) -> Result<(), Error>;

    /// Ends the session, and removes its temporary tables.
    async fn end_calibration(&mut self) -> Result<(), Error>;

    /// Creates the temporary table of a sample, without rows.
    async fn create_sample(&mut self, table: &Table) -> Result<(), Error>;

    /// Copies rows into the sample, and returns their number.
    async fn fill_sample(&mut self, sample: &Sample) -> Result<u64, Error>;

    /// Works on the sample, and returns the number of rows that the work wrote or would add.
    ///
    /// Zero for work that does not depend on the content of rows.
    async fn work(&mut self, work: &Work) -> Result<u64, Error>;

    /// Returns the size of the sample.
    async fn sample_size(&mut self) -> Result<TableSize, Error>;

    /// Drops the sample.
    async fn drop_sample(&mut self) -> Result<(), Error>;

    /// Returns what decides how much room an upgrade needs besides its tables.
    async fn disk_facts(&mut self) -> Result<DiskFacts, Error>;

    /// Returns how long the server waits for its disk in each change.
    ///
    /// `None` where only the end of the upgrade waits.
    async fn flushing(&mut self) -> Result<Option<Flushing>, Error>;

    /// Measures some work on a sample.
    async fn measure(&mut self, sample: &Sample, work: &Work) -> Result<Measured, Error> {
        self.create_sample(&sample.table).await?;
        let begin = Instant::now();
        self.work(work).await?;
        let fixed = begin.elapsed().as_secs_f64();
        self.drop_sample().await?;
        self.create_sample(&sample.table).await?;
        let begin = Instant::now();
        let rows = self.fill_sample(sample).await?;
        let filling = begin.elapsed().as_secs_f64();
        let before = self.sample_size().await?.bytes;
        let begin = Instant::now();
        let written = self.work(work).await?;
        let working = begin.elapsed().as_secs_f64();
        let after = self.sample_size().await?.bytes;
        let grown = before.zip(after).map(|(before, after)| after.saturating_sub(before));
        self.drop_sample().await?;
        Ok(Measured { rows, filling, working, fixed, written, grown })
    }
}
