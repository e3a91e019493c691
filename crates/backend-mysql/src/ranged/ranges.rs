//! Ranges of a table's primary key, with about the same row count each.

use std::collections::VecDeque;

use sea_query::Value;

use super::notes::{self, Note};
use super::range::{Bound, Range, bound};
use crate::connection::Connection;
use crate::quoting::quote;
use crate::{rows, text_protocol};

/// Hands out the ranges of a table in order.
pub(crate) struct Ranges {
    /// The connection that keeps writers away, if one does.
    ///
    /// The key is read over this connection, so the connection is never idle for long.
    guard: Option<Connection>,
    table: String,
    key: Vec<String>,
    /// The row count of a range.
    rows: u32,
    /// Recorded ranges that are not done.
    left: VecDeque<(u32, Range)>,
    /// Where the next range begins; `None` after the last range.
    position: Option<Option<Vec<Bound>>>,
    number: u32,
}

impl Ranges {
    /// Returns the ranges of a table, in the order of these columns of its primary key.
    ///
    /// Begins after the `noted` ranges, and numbers new notes from `number` on.
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

    /// Returns the key columns that bound the ranges.
    pub(crate) fn key(&self) -> &[String] {
        &self.key
    }

    /// Returns the connection that has kept writers away.
    pub(crate) fn into_guard(self) -> Option<Connection> {
        self.guard
    }

    /// Returns the next range, and records it over `worker` for the table that is filled.
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

    /// Divides a range that is too large for a transaction, and shortens the ranges that follow.
    ///
    /// Returns whether the range could be divided.
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

    /// Returns the last key of the range after a key; `None` if the range extends to the end.
    async fn last_key(
        &mut self,
        worker: &mut Connection,
        after: Option<&Vec<Bound>>,
    ) -> Result<Option<Vec<Bound>>, sqlx::Error> {
        let range = Range { after: after.cloned(), ..Range::default() };
        self.key_at(worker, &range, self.rows.saturating_sub(1).into()).await
    }

    /// Returns the key of the row that follows `others` rows of a range.
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
