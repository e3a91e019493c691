//! Values as columns store them, whatever the column's type, in SQLite's order.

use std::cmp::Ordering;

use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

/// A value that is not NULL. SQLite sorts numbers before texts, and texts before blobs.
#[derive(Clone, Debug)]
pub(super) enum Stored {
    Integer(i64),
    Real(f64),
    /// A text or a blob. The box keeps the usual entries small.
    Bytes(Box<Bytes>),
}

/// A text or a blob. Texts sort before blobs; within each, bytes decide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bytes {
    is_blob: bool,
    bytes: Vec<u8>,
}

impl Stored {
    /// Compares two values as SQLite does.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Integer(one), Self::Integer(other)) => one.cmp(other),
            // No value is NaN: SQLite stores a NaN as NULL.
            (Self::Real(one), Self::Real(other)) => {
                one.partial_cmp(other).unwrap_or(Ordering::Equal)
            }
            (Self::Integer(one), Self::Real(other)) => compare_exactly(*one, *other),
            (Self::Real(one), Self::Integer(other)) => compare_exactly(*other, *one).reverse(),
            (Self::Bytes(one), Self::Bytes(other)) => one.cmp(other),
            (Self::Bytes(_), _) => Ordering::Greater,
            (_, Self::Bytes(_)) => Ordering::Less,
        }
    }
}

/// Compares without rounding, since not every integer has an equal float.
#[allow(clippy::cast_possible_truncation, reason = "the float is within the range of integers")]
#[allow(clippy::cast_precision_loss, reason = "whole parts are the same, so the float is exact")]
fn compare_exactly(integer: i64, real: f64) -> Ordering {
    /// 2^63: the least float greater than all integers.
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;

    if real >= BEYOND {
        Ordering::Less
    } else if real < -BEYOND {
        Ordering::Greater
    } else {
        let fraction = 0.0.partial_cmp(&real.fract()).unwrap_or(Ordering::Equal);
        integer.cmp(&(real as i64)).then(fraction)
    }
}

impl FromSql for Stored {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => return Err(FromSqlError::InvalidType),
            ValueRef::Integer(number) => Self::Integer(number),
            ValueRef::Real(number) => Self::Real(number),
            ValueRef::Text(bytes) => {
                Self::Bytes(Box::new(Bytes { is_blob: false, bytes: bytes.to_vec() }))
            }
            ValueRef::Blob(bytes) => {
                Self::Bytes(Box::new(Bytes { is_blob: true, bytes: bytes.to_vec() }))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::Stored;

    #[test]
    fn values_compare_as_in_sqlite() {
        let values = "'', 'a', 'b', x'', x'00', x'61', 0, 0.5, -0.5, 1, -1, 1e300, -1e300, \
             9007199254740992.0, 9007199254740993, 9223372036854775807, -9223372036854775808, \
             9223372036854775808.0, -9223372036854775808.0, 9223372036854774784.0, '10', '9'";
        let pairs = format!(
            "WITH v(one) AS (VALUES ({})) SELECT a.one, b.one, (a.one > b.one) - (a.one < b.one) \
             FROM v AS a, v AS b",
            values.replace(", ", "), (")
        );
        let connection = Connection::open_in_memory().unwrap();
        let mut pairs = connection.prepare(&pairs).unwrap();
        let compared = pairs.query_map([], |row| {
            let (one, other): (Stored, Stored) = (row.get(0)?, row.get(1)?);
            Ok((one.compare(&other) as i64, row.get::<_, i64>(2)?, format!("{one:?} {other:?}")))
        });
        let compared: Vec<_> = compared.unwrap().map(Result::unwrap).collect();
        assert_eq!(compared.len(), 22 * 22);
        for (found, expected, pair) in compared {
            assert_eq!(found, expected, "{pair}");
        }
    }
}
