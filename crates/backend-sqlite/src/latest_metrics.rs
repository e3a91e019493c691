//! The latest metrics in one pass.
//!
//! SQLite has no index by run and metric at that revision, so the neutral statement's joins would
//! scan the table again and again. Here one scan sorts the entries by metric and run, an aggregate
//! function remembers the newest entry of each pair, and a join on rowid fetches it.

use std::cmp::Ordering;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use rusqlite::Connection;
use rusqlite::functions::{Aggregate, Context as Arguments, FunctionFlags};

use crate::error::Context;
use crate::progress::{EACH_ROW, count_rows, rows_of};

const FUNCTION: &str = "mlflow_migrate_newest";

/// Fills `latest_metrics`; `None` if `metrics` has no rowid.
pub(crate) fn fill(
    connection: &Connection,
    progress: &Progress,
    context: Context<'_>,
) -> Result<Option<u64>, Error> {
    let Some(rowid) =
        rowid_name(connection).map_err(|source| context.error("reading metrics", source))?
    else {
        return Ok(None);
    };
    let fill = || {
        let total = rows_of(connection, "metrics")?;
        count_rows(connection, progress, Some(total))?;
        connection.create_aggregate_function(FUNCTION, 5, FunctionFlags::SQLITE_UTF8, Newest)?;
        let columns = "\"key\", value, timestamp, step, is_nan, run_uuid";
        let sql = format!(
            "INSERT INTO latest_metrics ({columns}) SELECT {columns} FROM metrics JOIN ( \
             SELECT {FUNCTION}(step, timestamp, value, is_nan, {rowid}) AS newest FROM metrics \
             WHERE {EACH_ROW} GROUP BY \"key\", run_uuid) ON metrics.{rowid} = newest"
        );
        connection.execute(&sql, [])
    };
    let rows = fill().map_err(|source| context.error("computing the latest metrics", source))?;
    Ok(Some(rows as u64))
}

/// A name under which `metrics` has its rowid, if it has one: not one that a column has taken.
fn rowid_name(connection: &Connection) -> rusqlite::Result<Option<&'static str>> {
    let mut is_taken = connection
        .prepare("SELECT 1 FROM pragma_table_xinfo('metrics') WHERE name = ?1 COLLATE NOCASE")?;
    for name in ["rowid", "_rowid_", "oid"] {
        if !is_taken.exists([name])? {
            let has_rowid = connection.prepare(&format!("SELECT {name} FROM metrics")).is_ok();
            return Ok(has_rowid.then_some(name));
        }
    }
    Ok(None)
}

/// The rowid of the greatest `(step, timestamp, value)`; of those, of a number before a NaN.
struct Newest;

/// One entry of a metric.
#[derive(Clone, Copy)]
struct Entry {
    step: i64,
    timestamp: i64,
    value: f64,
    is_nan: bool,
    rowid: i64,
}

impl Entry {
    fn read(arguments: &Arguments<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            step: arguments.get(0)?,
            timestamp: arguments.get(1)?,
            value: arguments.get(2)?,
            is_nan: arguments.get(3)?,
            rowid: arguments.get(4)?,
        })
    }

    fn compare(&self, other: &Self) -> Ordering {
        (self.step, self.timestamp)
            .cmp(&(other.step, other.timestamp))
            // SQLite stores a NaN as NULL, which the column refuses, so values can be compared.
            .then(self.value.partial_cmp(&other.value).unwrap_or(Ordering::Equal))
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
        let entry = Entry::read(arguments)?;
        if newest.is_none_or(|known| entry.compare(&known) == Ordering::Greater) {
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
