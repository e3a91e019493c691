//! The latest metrics in one pass.
//!
//! One scan in the order of the file remembers the newest entry of each pair of run and metric. Where
//! there are more pairs than memory is meant for, SQLite sorts the entries by metric and run instead,
//! and an aggregate function remembers the newest of each pair. Either way a lookup by rowid fetches
//! the entries that are left. The neutral statement's joins would scan the table again and again.

use std::cmp::Ordering;
use std::collections::HashMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use rusqlite::functions::{Aggregate, Context as Arguments, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row};

use crate::error::Context;
use crate::progress::{EACH_ROW, count_rows, rows_of};

const FUNCTION: &str = "mlflow_migrate_newest";

const COLUMNS: &str = "\"key\", value, timestamp, step, is_nan, run_uuid";

/// How many pairs are remembered: with names of usual length about 16 MB.
const MOST_PAIRS: usize = 100_000;

/// How many bytes their names may have together.
const MOST_BYTES: usize = 16 << 20;

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
        match newest_in_memory(connection, rowid)? {
            Some(newest) => insert(connection, rowid, &newest),
            None => sort_and_insert(connection, rowid),
        }
    };
    let rows = fill().map_err(|source| context.error("computing the latest metrics", source))?;
    Ok(Some(rows as u64))
}

/// The rowids of the newest entries, in the order of `latest_metrics`' key; `None` if there are too
/// many pairs.
fn newest_in_memory(connection: &Connection, rowid: &str) -> rusqlite::Result<Option<Vec<i64>>> {
    let mut newest: HashMap<Box<[u8]>, Entry> = HashMap::new();
    let mut bytes = 0;
    let mut pair = Vec::new();
    // An index would give the rows in an order that has nothing to do with that of the file.
    let mut entries = connection.prepare(&format!(
        "SELECT step, timestamp, value, is_nan, {rowid}, \"key\", run_uuid \
         FROM metrics NOT INDEXED WHERE {EACH_ROW}"
    ))?;
    let mut entries = entries.query([])?;
    while let Some(row) = entries.next()? {
        let entry = Entry::of_row(row)?;
        name_pair(row, &mut pair)?;
        match newest.get_mut(pair.as_slice()) {
            Some(known) if entry.compare(known) == Ordering::Greater => *known = entry,
            Some(_) => {}
            None => {
                bytes += pair.len();
                if newest.len() == MOST_PAIRS || bytes > MOST_BYTES {
                    return Ok(None);
                }
                newest.insert(pair.as_slice().into(), entry);
            }
        }
    }
    let mut pairs: Vec<(Box<[u8]>, Entry)> = newest.into_iter().collect();
    pairs.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    Ok(Some(pairs.into_iter().map(|(_, entry)| entry.rowid).collect()))
}

/// Writes metric and run as bytes that are equal only for the same pair, and sort mostly as the pairs
/// do.
fn name_pair(row: &Row<'_>, pair: &mut Vec<u8>) -> rusqlite::Result<()> {
    pair.clear();
    let mut kinds = 0;
    let mut ends = [0; 2];
    for (at, end) in [5, 6].into_iter().zip(&mut ends) {
        let value = row.get_ref(at)?;
        kinds = kinds << 1 | u8::from(matches!(value, ValueRef::Blob(_)));
        pair.extend_from_slice(value.as_bytes()?);
        *end = pair.len();
    }
    pair.extend_from_slice(&ends[0].to_be_bytes());
    pair.push(kinds);
    Ok(())
}

fn insert(connection: &Connection, rowid: &str, newest: &[i64]) -> rusqlite::Result<usize> {
    let sql = format!(
        "INSERT INTO latest_metrics ({COLUMNS}) SELECT {COLUMNS} FROM metrics WHERE {rowid} = ?1"
    );
    let mut insert = connection.prepare(&sql)?;
    newest.iter().map(|rowid| insert.execute([rowid])).sum()
}

fn sort_and_insert(connection: &Connection, rowid: &str) -> rusqlite::Result<usize> {
    connection.create_aggregate_function(FUNCTION, 5, FunctionFlags::SQLITE_UTF8, Newest)?;
    let sql = format!(
        "INSERT INTO latest_metrics ({COLUMNS}) SELECT {COLUMNS} FROM ( \
         SELECT {FUNCTION}(step, timestamp, value, is_nan, {rowid}) AS newest \
         FROM metrics NOT INDEXED WHERE {EACH_ROW} GROUP BY \"key\", run_uuid) \
         CROSS JOIN metrics ON metrics.{rowid} = newest"
    );
    connection.execute(&sql, [])
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
    fn of_row(row: &Row<'_>) -> rusqlite::Result<Self> {
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
        let entry = Entry::of_arguments(arguments)?;
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{COLUMNS, insert, newest_in_memory, sort_and_insert};
    use crate::progress::count_rows;
    use mlflow_migrate_core::event::Progress;

    /// Many entries of few pairs, with ties in everything that decides, in no order.
    const FILL: &str = "CREATE TABLE metrics (\"key\" VARCHAR(250), value FLOAT, timestamp BIGINT, \
         step BIGINT, is_nan BOOLEAN, run_uuid VARCHAR(32)); \
         CREATE TABLE latest_metrics (\"key\" VARCHAR(250), value FLOAT, timestamp BIGINT, \
         step BIGINT, is_nan BOOLEAN, run_uuid VARCHAR(32), PRIMARY KEY (\"key\", run_uuid)); \
         CREATE INDEX by_run ON metrics (run_uuid, \"key\", step); \
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
         INSERT INTO metrics SELECT 'm' || (i * 7919 % 13), i * 31 % 5 / 2.0, i * 17 % 3, \
         i * 13 % 4, i * 3 % 2, substr('runs', 1, i * 11 % 4) FROM n; \
         INSERT INTO metrics SELECT CAST(\"key\" AS BLOB), value, timestamp, step, is_nan, run_uuid \
         FROM metrics WHERE step = 3 AND timestamp = 1";

    #[test]
    fn both_ways_find_the_same() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(FILL).unwrap();
        count_rows(&connection, &Progress::silent(), None).unwrap();
        let take = || {
            let sql = format!("DELETE FROM latest_metrics RETURNING {}", {
                let each = COLUMNS.split(", ").map(|column| format!("quote({column})"));
                each.collect::<Vec<_>>().join(" || ',' || ")
            });
            let mut rows = connection.prepare(&sql).unwrap();
            let mut found: Vec<String> = rows
                .query_map([], |row| row.get::<_, String>(0))
                .unwrap()
                .map(Result::unwrap)
                .collect();
            found.sort();
            found
        };
        let newest = newest_in_memory(&connection, "rowid").unwrap().unwrap();
        assert_eq!(insert(&connection, "rowid", &newest).unwrap(), newest.len());
        let in_memory = take();
        assert_eq!(sort_and_insert(&connection, "rowid").unwrap(), newest.len());
        assert!(in_memory.len() > 13 * 4 && in_memory == take());
    }
}
