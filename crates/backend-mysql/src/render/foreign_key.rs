//! The name and the index that a server adds to a foreign key.
//!
//! MLflow leaves most of its foreign keys unnamed. InnoDB names the index of a foreign key after
//! the constraint only if a user has named the constraint. So a key stays unnamed where the server
//! will choose the right name. An index is left out where the server will create it.

use mlflow_migrate_core::schema::{ForeignKey, Index, Table};

use crate::features::Features;

/// Foreign keys that one statement adds to a table.
#[derive(Clone, Debug)]
pub(crate) struct AddedForeignKeys<'a> {
    /// Each key, and whether the statement has to name it.
    pub(crate) keys: Vec<(&'a ForeignKey, bool)>,
}

impl<'a> AddedForeignKeys<'a> {
    /// Decides which keys have to be named.
    ///
    /// `existing` are the foreign keys that the table has before the statement.
    pub(crate) fn new(
        added: impl Iterator<Item = &'a ForeignKey>,
        existing: &[&ForeignKey],
        table: &str,
        features: &Features,
    ) -> Self {
        let prefix =
            if features.numbered_foreign_keys() { String::new() } else { format!("{table}_ibfk_") };
        let number = |key: &&ForeignKey| -> Option<u32> {
            key.name.as_deref()?.strip_prefix(prefix.as_str())?.parse().ok()
        };
        let mut last = existing.iter().filter_map(number).max().unwrap_or(0);
        let keys = added
            .map(|key| {
                let is_next = number(&key) == Some(last.saturating_add(1));
                if is_next {
                    last += 1;
                }
                (key, !is_next && key.name.is_some())
            })
            .collect();
        Self { keys }
    }

    /// Returns whether the server creates this index of `after` for one of the keys.
    pub(crate) fn bring(&self, index: &Index, after: &Table) -> bool {
        let serves = |key: &ForeignKey| index.column_names().eq(key.columns.iter());
        index.automatic
            && !is_covered(index, after)
            && self.keys.iter().any(|(key, is_named)| {
                serves(key) && index_name(key, *is_named, after).as_deref() == Some(&*index.name)
            })
    }
}

/// Returns the name that the server gives to the index of a foreign key.
fn index_name(key: &ForeignKey, is_named: bool, after: &Table) -> Option<String> {
    if is_named {
        return key.name.clone();
    }
    let column = key.columns.first()?;
    let is_taken = |name: &str| {
        let mut indexes = after.indexes.iter().filter(|index| !index.automatic);
        indexes.any(|index| index.name == name)
            || after.uniques.iter().any(|unique| unique.name.as_deref() == Some(name))
    };
    let numbered = (2..).map(|number: u32| format!("{column}_{number}"));
    std::iter::once(column.clone()).chain(numbered).find(|name| !is_taken(name))
}

/// Returns whether a key that is not automatic begins with the columns of an index.
fn is_covered(index: &Index, table: &Table) -> bool {
    let lists = table.uniques.iter().map(|unique| &unique.columns);
    let mut keys = lists.chain(table.primary_key.iter().map(|key| &key.columns));
    let mut indexes = table.indexes.iter().filter(|other| !other.automatic);
    keys.any(|columns| begins_with(columns.iter().map(String::as_str), index))
        || indexes.any(|other| begins_with(other.column_names(), index))
}

fn begins_with<'a>(mut columns: impl Iterator<Item = &'a str>, index: &Index) -> bool {
    index.column_names().all(|column| columns.next() == Some(column))
}
