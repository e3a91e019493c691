//! One range of a table's primary key.

use mlflow_migrate_core::schema::{ColumnType, Table};
use sea_query::Value;
use serde::{Deserialize, Serialize};

use crate::quoting::quote;

/// The most key columns that bound a range.
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

/// The rows after one key, up to and including another; without bounds all rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Range {
    pub(crate) after: Option<Vec<Bound>>,
    pub(crate) until: Option<Vec<Bound>>,
    /// Whether this is the first part of a divided range; the next new range begins elsewhere.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) is_part: bool,
}

/// Returns the first columns of the primary key that can bound a range.
///
/// A value of such a type, once read, compares as the stored value does. A float does not.
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
    /// Returns the condition on the rows of the range, to append to a statement, and its values.
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

/// Returns `(a, b) > (1, 2)` in a form for which the server uses an index.
///
/// The form is `a >= 1 AND (a > 1 OR (a = 1 AND b > 2))`.
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

/// Turns a value that was read into a bound, if its type allows a bound.
pub(super) fn bound(value: Value) -> Option<Bound> {
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
