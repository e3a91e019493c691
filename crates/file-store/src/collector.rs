//! Collects what all threads have read: checks keys, counts, and hands rows over in batches.

use std::collections::BTreeMap;
use std::path::PathBuf;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::Row;
use sea_query::Value;

use crate::claims::Claims;
use crate::entities::logged_model::METRIC_RUN;
use crate::error::FileStoreError;
use crate::output::{Begin, Item, row_bytes};
use crate::reason::Reason;
use crate::report::{Class, Entry, Omission, ReadReport};
use crate::tables::{Table, TableRows};

/// The bytes of rows after which the sink gets them.
const BATCH_BYTES: usize = 1 << 20;

/// Collects items in the order of the store.
pub(crate) struct Collector<'a> {
    sink: &'a mut dyn FnMut(TableRows) -> Result<(), Error>,
    skip_invalid: bool,
    claims: Claims,
    report: ReadReport,
    /// The rows that wait, by table. Tables follow those that they reference.
    waiting: BTreeMap<Table, Vec<Row>>,
    bytes: usize,
    refused: Refused,
    /// The folder or file of the entry to which the next rows belong.
    current: PathBuf,
}

/// Which entry repeats a key, so that its rows are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Nothing,
    Nested,
    /// The entry, and all that is nested.
    Entry,
}

impl<'a> Collector<'a> {
    pub(crate) fn new(
        skip_invalid: bool,
        sink: &'a mut dyn FnMut(TableRows) -> Result<(), Error>,
    ) -> Self {
        Self {
            sink,
            skip_invalid,
            claims: Claims::default(),
            report: ReadReport::default(),
            waiting: BTreeMap::new(),
            bytes: 0,
            refused: Refused::Nothing,
            current: PathBuf::new(),
        }
    }

    /// Takes items.
    pub(crate) fn add(&mut self, items: Vec<Item>) -> Result<(), FileStoreError> {
        for item in items {
            match item {
                Item::Begin(begin) => self.begin(begin),
                Item::Row(table, row) => self.add_row(table, row)?,
                Item::Omission(omission) => self.report.add(omission),
            }
        }
        Ok(())
    }

    /// Hands over the last rows, and returns the report.
    pub(crate) fn finish(mut self) -> Result<ReadReport, FileStoreError> {
        self.flush()?;
        Ok(self.report)
    }

    fn begin(&mut self, begin: Begin) {
        let Begin { table, key, path, is_nested } = begin;
        if is_nested && self.refused == Refused::Entry {
            return;
        }
        if self.claims.claim(table, &key) {
            self.refused = Refused::Nothing;
            self.current = path;
            return;
        }
        self.refused = if is_nested { Refused::Nested } else { Refused::Entry };
        let entry = Entry { path, reason: Reason::Duplicate(key) };
        self.report.add(Omission { table, class: Class::Malformed, entry });
    }

    fn add_row(&mut self, table: Table, row: Row) -> Result<(), FileStoreError> {
        if self.refused != Refused::Nothing || !self.has_run(table, &row) {
            return Ok(());
        }
        *self.report.rows.entry(table).or_default() += 1;
        if !self.skip_invalid && !self.report.malformed.is_empty() {
            // The rows are of no use, but the reading finds all malformed entries.
            return Ok(());
        }
        self.bytes += row_bytes(&row);
        self.waiting.entry(table).or_default().push(row);
        if self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Returns whether the run of a logged model's metric exists, and otherwise reports the metric.
    fn has_run(&mut self, table: Table, row: &Row) -> bool {
        let (Table::LoggedModelMetrics, Some(Value::String(Some(run)))) =
            (table, row.get(METRIC_RUN))
        else {
            return true;
        };
        if self.claims.is_claimed(Table::Runs, run) {
            return true;
        }
        let entry = Entry { path: self.current.clone(), reason: Reason::NoSuchRun(run.clone()) };
        self.report.add(Omission { table, class: Class::Malformed, entry });
        false
    }

    fn flush(&mut self) -> Result<(), FileStoreError> {
        self.bytes = 0;
        for (table, rows) in std::mem::take(&mut self.waiting) {
            (self.sink)(TableRows { table, columns: table.columns(), rows })?;
        }
        Ok(())
    }
}
