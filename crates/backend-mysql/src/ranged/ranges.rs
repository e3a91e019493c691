//! Ranges of a table's primary key, of about as many rows each.

use std::collections::VecDeque;

use sea_query::Value;

use super::notes::{self, Note};
use super::range::{Bound, Range, bound};
use crate::connection::Connection;
use crate::quoting::quote;
use crate::{rows, text_protocol};

/// Gives out the ranges of a table one after the other.
pub(crate) struct Ranges {
    /// What keeps writers away, if anything does. The key is read over it, so that it is never idle for
    /// long.
    guard: Option<Connection>,
    table: String,
    key: Vec<String>,
    /// How many rows a range has.
    rows: u32,
    /// Ranges that were noted and not copied.
    left: VecDeque<(u32, Range)>,
    /// Where the next range begins; `None` after the last one.
    position: Option<Option<Vec<Bound>>>,
    number: u32,
}

impl Ranges {
    /// Ranges of a table, in the order of these columns of its primary key; after those that are
    /// noted, with notes from this number on.
    pub(crate) fn new(
        guard: Option<Connection>,
        table: &str,
        key: Vec<String>,
        rows: u32,
        noted: Vec<(u32, Note)>,
        number: u32,
    ) -> Self {
        let mut position = Some(None);
        let mut left = VecDeque::new();
        for (number, note) in noted {
            let Some(range) = note.range else { continue };
            if !range.is_part {
                position = range.until.clone().map(Some);
            }
            if !note.done {
                left.push_back((number, range));
            }
        }
        Self { guard, table: table.to_owned(), key, rows, left, position, number }
    }

    /// The columns by which the ranges are told apart.
    pub(crate) fn key(&self) -> &[String] {
        &self.key
    }

    /// What has kept writers away.
    pub(crate) fn into_guard(self) -> Option<Connection> {
        self.guard
    }

    /// The next range, which is noted over `worker` for the table that it fills.
    pub(crate) async fn next(
        &mut self,
        worker: &mut Connection,
        filled: &str,
    ) -> Result<Option<(u32, Range)>, sqlx::Error> {
        if let Some(left) = self.left.pop_front() {
            return Ok(Some(left));
        }
        let Some(after) = self.position.take() else { return Ok(None) };
        let until = self.last_key(worker, after.as_ref()).await?;
        let range = Range { after, until: until.clone(), is_part: false };
        let note = Note { table: filled.to_owned(), range: Some(range.clone()), done: false };
        notes::write(worker, self.number, &note).await?;
        self.position = until.map(Some);
        let number = self.number;
        self.number = number.saturating_add(1);
        Ok(Some((number, range)))
    }

    /// Divides a range that is too large for one transaction, and those to come; tells whether it could.
    pub(crate) async fn divide(
        &mut self,
        worker: &mut Connection,
        filled: &str,
        number: u32,
        range: Range,
    ) -> Result<bool, sqlx::Error> {
        let rows = self.count(worker, &range).await?;
        let Some(middle) = self.key_at(worker, &range, (rows / 2).saturating_sub(1)).await? else {
            return Ok(false);
        };
        let first = Range { until: Some(middle.clone()), is_part: true, ..range.clone() };
        let of_first = self.count(worker, &first).await?;
        if of_first == 0 || of_first >= rows {
            return Ok(false);
        }
        let second = Range { after: Some(middle), ..range };
        let next = self.number;
        self.number = next.saturating_add(1);
        text_protocol::run(worker, "START TRANSACTION").await?;
        for (number, part) in [(number, &second), (next, &first)] {
            let note = Note { table: filled.to_owned(), range: Some(part.clone()), done: false };
            notes::write(worker, number, &note).await?;
        }
        text_protocol::run(worker, "COMMIT").await?;
        self.left.extend([(next, first), (number, second)]);
        self.rows = self.rows.min(u32::try_from(rows / 2).unwrap_or(u32::MAX)).max(1);
        Ok(true)
    }

    async fn count(&mut self, worker: &mut Connection, range: &Range) -> Result<u64, sqlx::Error> {
        let (condition, values) = range.condition(&self.key);
        let sql = format!("SELECT COUNT(*) FROM {}{condition}", quote(&self.table));
        let found = rows::fetch(self.guard.as_mut().unwrap_or(worker), sql, values).await?;
        let count = found.into_iter().next().and_then(|row| row.into_iter().next());
        Ok(match count {
            Some(Value::BigInt(Some(count))) => u64::try_from(count).unwrap_or(0),
            Some(Value::BigUnsigned(Some(count))) => count,
            _ => 0,
        })
    }

    /// The last key of the range that begins after a key; `None` if that one goes to the end.
    async fn last_key(
        &mut self,
        worker: &mut Connection,
        after: Option<&Vec<Bound>>,
    ) -> Result<Option<Vec<Bound>>, sqlx::Error> {
        let range = Range { after: after.cloned(), ..Range::default() };
        self.key_at(worker, &range, self.rows.saturating_sub(1).into()).await
    }

    /// The key of the row of a range that comes after so many others.
    async fn key_at(
        &mut self,
        worker: &mut Connection,
        range: &Range,
        others: u64,
    ) -> Result<Option<Vec<Bound>>, sqlx::Error> {
        if self.key.is_empty() {
            return Ok(None);
        }
        let (condition, values) = range.condition(&self.key);
        let columns: Vec<String> = self.key.iter().map(|column| quote(column)).collect();
        let columns = columns.join(", ");
        let sql = format!(
            "SELECT {columns} FROM {} FORCE INDEX (PRIMARY){condition} ORDER BY {columns} \
             LIMIT 1 OFFSET {others}",
            quote(&self.table),
        );
        let found = rows::fetch(self.guard.as_mut().unwrap_or(worker), sql, values).await?;
        Ok(found.into_iter().next().and_then(|row| row.into_iter().map(bound).collect()))
    }
}
