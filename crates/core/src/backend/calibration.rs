//! Measures work on samples of tables, in temporary tables that leave no trace.

use std::time::Instant;

use async_trait::async_trait;
use sea_query::SelectStatement;

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
    /// Writes the column [`SAMPLED`] of every row.
    Update,
    /// Deletes every row.
    Delete,
    /// Checks the sample for damage, where the database is a file.
    Check,
    /// Reads rows, and writes none.
    Query(Box<SelectStatement>),
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

/// Measures work on samples of tables.
///
/// A backend never changes a table of the database for this: a session of its own holds temporary
/// tables only.
#[async_trait]
pub trait Calibration: Send {
    /// Returns whether a change of a sample always copies it, with all of its indexes.
    fn copies_samples(&self) -> bool;

    /// Begins a session that may create temporary tables.
    async fn begin_calibration(&mut self) -> Result<(), Error>;

    /// Ends the session, and removes its temporary tables.
    async fn end_calibration(&mut self) -> Result<(), Error>;

    /// Creates the temporary table of a sample, without rows.
    async fn create_sample(&mut self, table: &Table) -> Result<(), Error>;

    /// Copies rows into the sample, and returns their number.
    async fn fill_sample(&mut self, sample: &Sample) -> Result<u64, Error>;

    /// Works on the sample.
    async fn work(&mut self, work: &Work) -> Result<(), Error>;

    /// Returns the size of the sample.
    async fn sample_size(&mut self) -> Result<TableSize, Error>;

    /// Drops the sample.
    async fn drop_sample(&mut self) -> Result<(), Error>;

    /// Returns what the database writes besides its tables.
    async fn change_log(&mut self) -> Result<ChangeLog, Error>;

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
        self.work(work).await?;
        let working = begin.elapsed().as_secs_f64();
        let after = self.sample_size().await?.bytes;
        let grown = before.zip(after).map(|(before, after)| after.saturating_sub(before));
        self.drop_sample().await?;
        Ok(Measured { rows, filling, working, fixed, grown })
    }
}
