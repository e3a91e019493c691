//! Computes a digest of a table that does not depend on the order of its rows.
//!
//! Each row has a canonical form, which is the same on every database. Its SHA-256 is added up
//! over all rows, so that rows may come in any order, and equal rows still count.

use std::fmt;

use sea_query::Value;
use sha2::{Digest as _, Sha256};

use super::value::CopiedColumn;
use crate::rows::Row;
use crate::schema::ColumnType;

/// The digest of some rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Digest {
    /// The number of rows.
    pub rows: u64,
    sum: u128,
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.sum)
    }
}

impl serde::Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Adds rows to a digest.
#[derive(Debug, Default)]
pub(crate) struct Digester {
    digest: Digest,
    canonical: Vec<u8>,
}

impl Digester {
    /// Adds a row, whose values are those of the columns.
    pub(crate) fn add(&mut self, columns: &[CopiedColumn], row: &Row) {
        self.canonical.clear();
        for (column, value) in columns.iter().zip(row) {
            write_canonical(column, value, &mut self.canonical);
        }
        let hash: [u8; 32] = Sha256::digest(&self.canonical).into();
        let mut first = [0; 16];
        first.copy_from_slice(hash.split_at(16).0);
        self.digest.sum = self.digest.sum.wrapping_add(u128::from_be_bytes(first));
        self.digest.rows += 1;
    }

    /// Returns the digest of all rows so far.
    pub(crate) fn finish(self) -> Digest {
        self.digest
    }
}

/// Appends the canonical form of a value: its kind, its length where that varies, its bytes.
fn write_canonical(column: &CopiedColumn, value: &Value, to: &mut Vec<u8>) {
    let mut put = |kind: u8, bytes: &[u8]| {
        to.push(kind);
        to.extend((bytes.len() as u64).to_be_bytes());
        to.extend(bytes);
    };
    let is_json = column.column.column_type == ColumnType::Json;
    match value {
        Value::Bool(Some(flag)) => put(b'i', &i64::from(*flag).to_be_bytes()),
        Value::BigInt(Some(number)) => put(b'i', &number.to_be_bytes()),
        Value::Double(Some(number)) if column.is_single() => {
            // Adding zero makes the negative zero, which not every database keeps, a positive one.
            put(b'f', &(*number as f32 + 0.0).to_be_bytes());
        }
        Value::Double(Some(number)) => put(b'd', &(number + 0.0).to_be_bytes()),
        Value::String(Some(text)) if is_json => put(b'j', json(text).as_bytes()),
        Value::String(Some(text)) => put(b't', text.as_bytes()),
        Value::Bytes(Some(bytes)) => put(b'b', bytes),
        _ => to.push(b'0'),
    }
}

/// Returns a document without insignificant spaces and with sorted keys, as MySQL may reorder them.
///
/// SQLite stores a document that is a whole number as an integer.
fn json(text: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(serde_json::Value::Number(number)) => match number.as_f64() {
            Some(whole) if number.is_f64() && whole.fract() == 0.0 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        Ok(document) => document.to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{Digest, Digester};
    use crate::copy::value::CopiedColumn;
    use crate::data::charset::Repertoire;
    use crate::schema::platform::{Dialect, Platform};
    use crate::schema::{Column, ColumnType, Schema};

    fn digest(column_type: &ColumnType, values: &[Value]) -> Digest {
        let column = Column::new("a", column_type.clone());
        let repertoire = Repertoire::of(&Schema::default(), "t", &Platform::SQLITE);
        let column = CopiedColumn::new(&column, &column, false, [Dialect::Mysql; 2], repertoire);
        let mut digester = Digester::default();
        for value in values {
            digester.add(std::slice::from_ref(&column), &vec![value.clone()]);
        }
        digester.finish()
    }

    #[test]
    fn order_does_not_count_and_repetition_does() {
        let text = |values: &[&str]| {
            let values: Vec<Value> = values.iter().map(|text| (*text).into()).collect();
            digest(&ColumnType::Text, &values)
        };
        assert_eq!(text(&["a", "b"]), text(&["b", "a"]));
        assert_ne!(text(&["a", "a"]), text(&["a"]));
        assert_ne!(text(&["a", "a"]), text(&["b", "b"]));
        assert_ne!(text(&["", "ab"]), text(&["a", "b"]));
    }

    #[test]
    fn what_databases_spell_differently_is_equal() {
        let json = |text: &str| digest(&ColumnType::Json, &[text.into()]);
        assert_eq!(json(r#"{"b":1,"a":[1.5]}"#), json(r#"{"a": [1.5], "b": 1}"#));
        assert_eq!(json("1.0"), json("1"));
        assert_ne!(json("\"1\""), json("1"));
        let double = |number: f64| digest(&ColumnType::Double, &[number.into()]);
        assert_eq!(double(-0.0), double(0.0));
        assert_ne!(double(0.1), double(f64::from(0.1_f32)));
        let single = |number: f64| digest(&ColumnType::Float, &[number.into()]);
        assert_eq!(single(0.1), single(f64::from(0.1_f32)));
        assert_ne!(
            digest(&ColumnType::Text, &[Value::String(None)]),
            digest(&ColumnType::Text, &["".into()])
        );
    }
}
