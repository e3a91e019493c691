//! One entry of a metric, and the comparison by which one is newer.

use std::cmp::Ordering;

use rusqlite::Row;
use rusqlite::functions::{Aggregate, Context as Arguments};

use super::stored::Stored;

/// Aggregates to the rowid of the greatest `(step, timestamp, value)`, and a number before a NaN.
pub(super) struct Newest;

/// One entry of a metric.
pub(super) struct Entry {
    pub(super) step: Stored,
    timestamp: Stored,
    value: Stored,
    is_nan: bool,
    pub(super) rowid: i64,
}

impl Entry {
    /// Reads an entry from the first columns: `step, timestamp, value, is_nan` and the rowid.
    pub(super) fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            step: row.get(0)?,
            timestamp: row.get(1)?,
            value: row.get(2)?,
            is_nan: row.get(3)?,
            rowid: row.get(4)?,
        })
    }

    fn of_arguments(arguments: &Arguments<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            step: arguments.get(0)?,
            timestamp: arguments.get(1)?,
            value: arguments.get(2)?,
            is_nan: arguments.get(3)?,
            rowid: arguments.get(4)?,
        })
    }

    /// Returns [`Ordering::Greater`] if this entry is newer.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        self.step
            .compare(&other.step)
            .then_with(|| self.timestamp.compare(&other.timestamp))
            .then_with(|| self.value.compare(&other.value))
            .then(other.is_nan.cmp(&self.is_nan))
    }
}

impl Aggregate<Option<Entry>, Option<i64>> for Newest {
    fn init(&self, _: &mut Arguments<'_>) -> rusqlite::Result<Option<Entry>> {
        Ok(None)
    }

    fn step(
        &self,
        arguments: &mut Arguments<'_>,
        newest: &mut Option<Entry>,
    ) -> rusqlite::Result<()> {
        let entry = Entry::of_arguments(arguments)?;
        if newest.as_ref().is_none_or(|known| entry.compare(known) == Ordering::Greater) {
            *newest = Some(entry);
        }
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Arguments<'_>,
        newest: Option<Option<Entry>>,
    ) -> rusqlite::Result<Option<i64>> {
        Ok(newest.flatten().map(|entry| entry.rowid))
    }
}
