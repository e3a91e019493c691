//! Fills the latest metrics in one pass.
//!
//! The index over run, metric and step leads directly to the newest entries ([`by_index`]). Without
//! the index, or with too many entries to look up, one scan in file order remembers each pair's
//! newest entry. If there are too many pairs for the memory limit, SQLite sorts the entries by
//! metric and run. An aggregate function then finds the newest entry of each pair. Finally, a
//! lookup by rowid reads these entries. The joins of core's portable statement would scan the table
//! several times.

mod by_index;
mod entry;
pub(crate) mod pairs;
mod stored;

use std::cmp::Ordering;
use std::collections::HashMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use self::entry::{Entry, Newest};
use crate::error::Context;
use crate::progress::{EACH_ROW, count_rows};
use crate::table_size::rows_of;

const FUNCTION: &str = "mlflow_migrate_newest";

const COLUMNS: &str = "\"key\", value, timestamp, step, is_nan, run_uuid";

/// The most pairs to remember: about 16 MB with names of usual length.
const MOST_PAIRS: usize = 100_000;

/// The most bytes that the names of the remembered pairs may have together.
const MOST_BYTES: usize = 16 << 20;

/// Fills `latest_metrics`, and returns its row count; `None` if `metrics` has no rowid.
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
        connection.execute("DELETE FROM latest_metrics", [])?;
        if let Some(newest) = by_index::newest(connection, rowid)? {
            return insert(connection, rowid, newest);
        }
        let total = rows_of(connection, "metrics")?;
        count_rows(connection, progress, Some(total))?;
        match by_scan(connection, rowid)? {
            Some(newest) => insert(connection, rowid, newest),
            None => sort_and_insert(connection, rowid),
        }
    };
    let rows = fill().map_err(|source| context.error("computing the latest metrics", source))?;
    Ok(Some(rows as u64))
}

/// The newest entries of all pairs, limited in memory.
#[derive(Default)]
struct Found {
    entries: HashMap<Box<[u8]>, Entry>,
    bytes: usize,
}

impl Found {
    /// Takes an entry of a pair, and returns false if there are too many pairs.
    fn take(&mut self, pair: &[u8], entry: Entry) -> bool {
        match self.entries.get_mut(pair) {
            Some(known) if entry.compare(known) == Ordering::Greater => *known = entry,
            Some(_) => {}
            None => {
                self.bytes += pair.len();
                if self.entries.len() == MOST_PAIRS || self.bytes > MOST_BYTES {
                    return false;
                }
                self.entries.insert(pair.into(), entry);
            }
        }
        true
    }
}

/// Finds the newest entries by a scan; `None` if there are too many pairs.
fn by_scan(connection: &Connection, rowid: &str) -> rusqlite::Result<Option<Found>> {
    let mut found = Found::default();
    let mut pair = Vec::new();
    // An index would return the rows in an order unrelated to their order in the file.
    let mut entries = connection.prepare(&format!(
        "SELECT step, timestamp, value, is_nan, {rowid}, \"key\", run_uuid \
         FROM metrics NOT INDEXED WHERE {EACH_ROW}"
    ))?;
    let mut entries = entries.query([])?;
    while let Some(row) = entries.next()? {
        name_pair([row.get_ref(5)?, row.get_ref(6)?], &mut pair)?;
        if !found.take(&pair, Entry::of_row(row)?) {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

/// Writes metric and run as bytes that identify the pair, and mostly sort as the pairs do.
fn name_pair(names: [ValueRef<'_>; 2], pair: &mut Vec<u8>) -> rusqlite::Result<()> {
    pair.clear();
    let mut kinds = 0;
    let mut ends = [0; 2];
    for (name, end) in names.into_iter().zip(&mut ends) {
        kinds = kinds << 1 | u8::from(matches!(name, ValueRef::Blob(_)));
        pair.extend_from_slice(name.as_bytes()?);
        *end = pair.len();
    }
    pair.extend_from_slice(&ends[0].to_be_bytes());
    pair.push(kinds);
    Ok(())
}

/// Copies the entries into `latest_metrics`, in the order of its key.
fn insert(connection: &Connection, rowid: &str, found: Found) -> rusqlite::Result<usize> {
    let mut pairs: Vec<(Box<[u8]>, Entry)> = found.entries.into_iter().collect();
    pairs.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    let sql = format!(
        "INSERT INTO latest_metrics ({COLUMNS}) SELECT {COLUMNS} FROM metrics WHERE {rowid} = ?1"
    );
    let mut insert = connection.prepare(&sql)?;
    pairs.iter().map(|(_, entry)| insert.execute([entry.rowid])).sum()
}

fn sort_and_insert(connection: &Connection, rowid: &str) -> rusqlite::Result<usize> {
    connection.create_aggregate_function(FUNCTION, 5, FunctionFlags::SQLITE_UTF8, Newest)?;
    let sql = format!(
        "INSERT INTO latest_metrics ({COLUMNS}) SELECT {COLUMNS} FROM ( \
         SELECT {FUNCTION}(step, timestamp, value, is_nan, {rowid}) AS newest \
         FROM metrics NOT INDEXED WHERE {EACH_ROW} GROUP BY \"key\", run_uuid) AS found \
         CROSS JOIN metrics ON metrics.{rowid} = found.newest"
    );
    connection.execute(&sql, [])
}

/// Returns a name for the rowid of `metrics` that no column uses; `None` without a rowid.
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

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{COLUMNS, by_index, by_scan, insert, sort_and_insert};
    use crate::progress::count_rows;
    use mlflow_migrate_core::event::Progress;

    /// Many entries of few pairs, with ties in everything that decides, unsorted.
    const FILL: &str = "CREATE TABLE metrics (\"key\" VARCHAR(250) NOT NULL, value FLOAT, \
         timestamp BIGINT, step BIGINT NOT NULL, is_nan BOOLEAN, run_uuid VARCHAR(32) NOT NULL, \
         newest BIGINT); \
         CREATE TABLE latest_metrics (\"key\" VARCHAR(250), value FLOAT, timestamp BIGINT, \
         step BIGINT, is_nan BOOLEAN, run_uuid VARCHAR(32), PRIMARY KEY (\"key\", run_uuid)); \
         CREATE INDEX by_run ON metrics (run_uuid, \"key\", step); \
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) \
         INSERT INTO metrics SELECT 'm' || (i * 7919 % 13), i * 31 % 5 / 2.0, i * 17 % 3, \
         i * 13 % 4, i * 3 % 2, substr('runs', 1, i * 11 % 4), i FROM n; \
         INSERT INTO metrics SELECT CAST(\"key\" AS BLOB), value, timestamp, step, is_nan, run_uuid, 0 \
         FROM metrics WHERE step = 3 AND timestamp = 1; \
         INSERT INTO metrics SELECT 'o' || (newest % 5), value, \
         CASE newest % 3 WHEN 0 THEN timestamp WHEN 1 THEN 't' || timestamp ELSE timestamp + 0.5 END, \
         CASE newest % 5 WHEN 0 THEN step WHEN 1 THEN 's' || step WHEN 2 THEN step + 0.5 \
         WHEN 3 THEN CAST(step AS BLOB) ELSE step * 1e18 END, \
         is_nan, run_uuid, 0 FROM metrics WHERE newest % 7 = 0";

    #[test]
    fn all_ways_find_the_same() {
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
        let newest = by_scan(&connection, "rowid").unwrap().unwrap();
        let pairs = newest.entries.len();
        assert_eq!(insert(&connection, "rowid", newest).unwrap(), pairs);
        let scanned = take();
        assert!(scanned.len() > 13 * 4);
        let newest = by_index::newest_with_ties(&connection, "rowid", usize::MAX).unwrap().unwrap();
        assert_eq!(insert(&connection, "rowid", newest).unwrap(), pairs);
        assert_eq!(take(), scanned);
        assert_eq!(sort_and_insert(&connection, "rowid").unwrap(), pairs);
        assert_eq!(take(), scanned);
    }
}
