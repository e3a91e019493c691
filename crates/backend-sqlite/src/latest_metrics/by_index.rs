//! Steps from pair to pair along the index over run, metric and step.
//!
//! In descending order, the first entry of each pair has its greatest step. The entries with
//! smaller steps are never read. So the time depends on the number of pairs, not on the length of
//! their histories.

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, OptionalExtension, Rows, ffi};

use super::entry::Entry;
use super::{Found, name_pair};

/// The number of entries to read beyond one for each pair.
///
/// If many entries share the greatest step, a scan is faster than a lookup for each. All entries
/// from before MLflow had steps share one.
const MOST_TIES: usize = 20_000;

/// Finds an index of all entries in the order of bytes, over columns that hold no NULL.
pub(super) const INDEX: &str = "SELECT list.name FROM pragma_index_list('metrics') AS list \
     WHERE NOT list.partial AND 3 = (SELECT count(*) FROM pragma_index_xinfo(list.name) AS part \
     JOIN pragma_table_xinfo('metrics') AS col ON col.cid = part.cid \
     WHERE part.coll = 'BINARY' AND NOT part.\"desc\" AND col.\"notnull\" \
     AND (part.seqno, col.name) IN (VALUES (0, 'run_uuid'), (1, 'key'), (2, 'step')))";

/// Returns the newest entries; `None` if no such index exists, or another method is faster.
pub(super) fn newest(connection: &Connection, rowid: &str) -> rusqlite::Result<Option<Found>> {
    newest_with_ties(connection, rowid, MOST_TIES)
}

pub(super) fn newest_with_ties(
    connection: &Connection,
    rowid: &str,
    most: usize,
) -> rusqlite::Result<Option<Found>> {
    let index: Option<String> = connection.query_row(INDEX, [], |row| row.get(0)).optional()?;
    let Some(index) = index else { return Ok(None) };
    let backwards = |condition| {
        format!(
            "SELECT step, timestamp, value, is_nan, {rowid}, \"key\", run_uuid \
             FROM metrics INDEXED BY \"{}\" {condition} \
             ORDER BY run_uuid DESC, \"key\" DESC, step DESC",
            index.replace('"', "\"\"")
        )
    };
    let mut first = connection.prepare(&backwards(""))?;
    let mut before = connection.prepare(&backwards("WHERE (run_uuid, \"key\") < (?1, ?2)"))?;
    let mut walk = Walk { found: Found::default(), ties_left: most };
    let mut reached = walk.take_pair(first.query([])?)?;
    while let Reached::Pair(run, key) = reached {
        reached = walk.take_pair(before.query([&run, &key])?)?;
        if matches!(&reached, Reached::Pair(next_run, next_key) if (next_run, next_key) >= (&run, &key))
        {
            // Nothing else would end the loop over an index that is out of order.
            let error = ffi::Error::new(ffi::SQLITE_CORRUPT);
            let problem = format!("the entries of index {index} are out of order");
            return Err(rusqlite::Error::SqliteFailure(error, Some(problem)));
        }
    }
    Ok(matches!(reached, Reached::End).then_some(walk.found))
}

struct Walk {
    found: Found,
    ties_left: usize,
}

enum Reached {
    /// A run and one of its metrics.
    Pair(Name, Name),
    End,
    /// Too many pairs, or too many entries that share their pair's greatest step.
    TooMany,
}

impl Walk {
    /// Takes the first pair's entries with the greatest step.
    fn take_pair(&mut self, mut entries: Rows<'_>) -> rusqlite::Result<Reached> {
        let Some(row) = entries.next()? else { return Ok(Reached::End) };
        let greatest = Entry::of_row(row)?;
        let (key, run) = (Name::of(row.get_ref(5)?)?, Name::of(row.get_ref(6)?)?);
        let (mut pair, mut other) = (Vec::new(), Vec::new());
        name_pair([key.as_value(), run.as_value()], &mut pair)?;
        let step = greatest.step.clone();
        let mut fits = self.found.take(&pair, greatest);
        while let Some(row) = entries.next()? {
            name_pair([row.get_ref(5)?, row.get_ref(6)?], &mut other)?;
            let entry = Entry::of_row(row)?;
            if other != pair || entry.step.compare(&step).is_ne() {
                break;
            }
            fits &= self.found.take(&pair, entry) && self.ties_left > 0;
            if !fits {
                break;
            }
            self.ties_left -= 1;
        }
        Ok(if fits { Reached::Pair(run, key) } else { Reached::TooMany })
    }
}

/// A stored run or metric: bytes that need not be UTF-8. Blobs sort after texts.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    is_blob: bool,
    bytes: Vec<u8>,
}

impl Name {
    fn of(value: ValueRef<'_>) -> rusqlite::Result<Self> {
        let bytes = value.as_bytes()?.to_vec();
        Ok(Self { bytes, is_blob: matches!(value, ValueRef::Blob(_)) })
    }

    fn as_value(&self) -> ValueRef<'_> {
        if self.is_blob { ValueRef::Blob(&self.bytes) } else { ValueRef::Text(&self.bytes) }
    }
}

impl ToSql for Name {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.as_value()))
    }
}
