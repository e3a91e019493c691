//! Remembers which rows were left out, so that rows which reference them are left out as well.
//!
//! Keys are compared exactly, byte by byte. A server whose collation ignores case would take the
//! rows of a run that was left out for those of another run.

use std::collections::{HashMap, HashSet};

use sea_query::Value;
use sha2::{Digest as _, Sha256};

use crate::rows::Row;
use crate::schema::Table;

/// The hash of a key's values.
type KeyHash = [u8; 32];

/// A foreign key, with the places of its columns in a row.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) places: Vec<usize>,
    pub(crate) referred: Key,
}

/// The columns of a table that a foreign key references.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) table: String,
    pub(crate) columns: Vec<String>,
}

impl Reference {
    /// Returns the foreign keys of a table, whose rows have these columns.
    pub(crate) fn all(table: &Table, columns: &[String]) -> Vec<Self> {
        let reference = |key: &crate::schema::ForeignKey| {
            let places = places(&key.columns, columns)?;
            let referred =
                Key { table: key.referred_table.clone(), columns: key.referred_columns.clone() };
            Some(Self { places, referred })
        };
        table.foreign_keys.iter().filter_map(reference).collect()
    }
}

/// Returns the places of columns in a row; `None` if the row lacks one.
pub(crate) fn places(wanted: &[String], columns: &[String]) -> Option<Vec<usize>> {
    wanted.iter().map(|name| columns.iter().position(|column| column == name)).collect()
}

/// The keys of the rows that were left out.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    keys: HashMap<Key, HashSet<KeyHash>>,
}

impl LeftOut {
    /// Remembers a row that was left out, by a key that others reference.
    pub(crate) fn add(&mut self, key: &Key, places: &[usize], row: &Row) {
        if let Some(hash) = hash(places, row) {
            self.keys.entry(key.clone()).or_default().insert(hash);
        }
    }

    /// Returns the place of the first foreign key by which a row references one that was left out.
    pub(crate) fn referenced_by(&self, references: &[Reference], row: &Row) -> Option<usize> {
        references.iter().find_map(|reference| {
            let keys = self.keys.get(&reference.referred)?;
            let is_left_out = keys.contains(&hash(&reference.places, row)?);
            is_left_out.then(|| reference.places.first().copied().unwrap_or_default())
        })
    }

    /// Returns whether a row of the table may reference one that was left out.
    pub(crate) fn concerns(&self, references: &[Reference]) -> bool {
        references.iter().any(|reference| self.keys.contains_key(&reference.referred))
    }
}

/// Returns the hash of the values at these places; `None` if one of them is NULL.
fn hash(places: &[usize], row: &Row) -> Option<KeyHash> {
    let mut hash = Sha256::new();
    for place in places {
        match row.get(*place)? {
            Value::String(None) | Value::Bytes(None) => return None,
            Value::String(Some(text)) => hash.update(format!("t{}:{text}", text.len())),
            value => hash.update(format!("{value:?};")),
        }
    }
    Some(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{Key, LeftOut, Reference};
    use crate::schema::{ForeignKey, Table, varchar};

    #[test]
    fn rows_that_reference_a_row_that_is_left_out_are_found_exactly() {
        let table = Table::new("params")
            .column(varchar("key", 250))
            .column(varchar("run_uuid", 32))
            .foreign_key(ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]));
        let columns = ["key", "run_uuid"].map(ToOwned::to_owned);
        let references = Reference::all(&table, &columns);
        let mut left_out = LeftOut::default();
        assert!(!left_out.concerns(&references));
        let runs = Key { table: "runs".to_owned(), columns: vec!["run_uuid".to_owned()] };
        left_out.add(&runs, &[0], &vec!["ABC".into()]);
        assert!(left_out.concerns(&references));
        for (run, expected) in [(Some("ABC"), Some(1)), (Some("abc"), None), (None, None)] {
            let run = Value::String(run.map(ToOwned::to_owned));
            let found = left_out.referenced_by(&references, &vec!["k".into(), run]);
            assert_eq!(found, expected);
        }
    }
}
