//! Ranges of a table's primary key, of about as many rows each.

use std::collections::VecDeque;

use mlflow_migrate_core::schema::{ColumnType, Table};
use sea_query::Value;
use serde::{Deserialize, Serialize};

use super::notes::{self, Note};
use crate::connection::Connection;
use crate::quoting::quote;
use crate::{rows, text_protocol};

/// How many columns of the key tell the ranges apart.
const MAX_COLUMNS: usize = 3;

/// One value of a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Bound {
    Integer(i64),
    Text(String),
}

impl From<&Bound> for Value {
    fn from(bound: &Bound) -> Self {
        match bound {
            Bound::Integer(number) => (*number).into(),
            Bound::Text(text) => text.clone().into(),
        }
    }
}

/// The rows after one key, up to and with another one; without bounds all rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Range {
    pub(crate) after: Option<Vec<Bound>>,
    pub(crate) until: Option<Vec<Bound>>,
    /// Whether it is the first part of a range that was divided: the next one begins after another.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_part: bool,
}

/// The columns of the primary key that tell ranges apart: the first ones of a type that compares with
/// a value that was read as it does with itself. A float does not.
pub(crate) fn key(table: &Table) -> Vec<String> {
    let is_exact = |name: &&String| {
        let column = table.find_column(name).map(|column| &column.column_type);
        matches!(
            column,
            Some(ColumnType::Integer | ColumnType::BigInteger | ColumnType::Varchar(_))
        )
    };
    table.key_columns().iter().take_while(is_exact).take(MAX_COLUMNS).cloned().collect()
}

impl Range {
    /// The condition on the rows of the range, to append to a statement, and its values.
    pub(crate) fn condition(&self, key: &[String]) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let after = self.after.as_ref().map(|bound| beyond(key, bound, ">", ">", &mut values));
        let until = self.until.as_ref().map(|bound| beyond(key, bound, "<", "<=", &mut values));
        let conditions: Vec<String> = after.into_iter().chain(until).collect();
        if conditions.is_empty() {
            return (String::new(), values);
        }
        (format!(" WHERE {}", conditions.join(" AND ")), values)
    }
}

/// `(a, b) > (1, 2)` in the form for which the server uses an index: `a >= 1 AND (a > 1 OR (a = 1 AND
/// b > 2))`.
fn beyond(
    key: &[String],
    bound: &[Bound],
    operator: &str,
    last_operator: &str,
    values: &mut Vec<Value>,
) -> String {
    let (Some(column), Some(value)) = (key.first(), bound.first()) else { return "1 = 1".into() };
    let column = quote(column);
    values.push(value.into());
    if key.len() == 1 {
        return format!("{column} {last_operator} ?");
    }
    values.extend([value.into(), value.into()]);
    let rest = beyond(
        key.get(1..).unwrap_or_default(),
        bound.get(1..).unwrap_or_default(),
        operator,
        last_operator,
        values,
    );
    format!("({column} {operator}= ? AND ({column} {operator} ? OR ({column} = ? AND {rest})))")
}

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

fn bound(value: Value) -> Option<Bound> {
    match value {
        Value::BigInt(Some(number)) => Some(Bound::Integer(number)),
        Value::String(Some(text)) => Some(Bound::Text(text)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::{ColumnType, Table, big_integer, varchar};
    use sea_query::Value;

    use super::{Bound, Range, key};

    #[test]
    fn a_range_of_a_key_of_two_columns() {
        let key = ["a".to_owned(), "b".to_owned()];
        let bound =
            |text: &str, number| Some(vec![Bound::Text(text.into()), Bound::Integer(number)]);
        let range = Range { after: bound("x", 1), until: bound("y", 2), is_part: false };
        let (condition, values) = range.condition(&key);
        assert_eq!(
            condition,
            " WHERE (`a` >= ? AND (`a` > ? OR (`a` = ? AND `b` > ?))) \
             AND (`a` <= ? AND (`a` < ? OR (`a` = ? AND `b` <= ?)))"
        );
        assert_eq!(values.len(), 8);
        assert_eq!(values[3], Value::from(1_i64));
        assert_eq!(Range::default().condition(&key), (String::new(), Vec::new()));
    }

    #[test]
    fn floats_tell_no_ranges_apart() {
        let mut table = Table::new("metrics")
            .column(varchar("key", 250))
            .column(big_integer("timestamp"))
            .column(big_integer("value"))
            .primary_key("pk", &["key", "value", "timestamp"]);
        assert_eq!(key(&table), ["key", "value", "timestamp"]);
        table.columns[2].column_type = ColumnType::Float;
        assert_eq!(key(&table), ["key"]);
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        for is_part in [false, true] {
            let range = Range { after: None, until: Some(vec![Bound::Text("1".into())]), is_part };
            let text = serde_json::to_string(&range).unwrap();
            assert_eq!(serde_json::from_str::<Range>(&text).unwrap(), range);
        }
    }
}
