//! Finds the keys that a foreign key can reference.

use super::Table;
use crate::schema::platform::{Dialect, Platform};

/// A key or an index that a foreign key can reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ReferredKey {
    /// The name of the key; `None` for MySQL's primary key.
    pub(crate) name: Option<String>,
    /// The columns of the key.
    pub(crate) columns: Vec<String>,
}

impl Table {
    /// Returns the keys and indexes that a foreign key to these columns can reference.
    ///
    /// PostgreSQL and SQLite require a unique key over exactly these columns, in any order. InnoDB
    /// accepts any index that begins with them, and each of its indexes ends with the primary key.
    pub(crate) fn keys_for(&self, referred: &[String], platform: &Platform) -> Vec<ReferredKey> {
        self.candidates(platform)
            .into_iter()
            .filter(|(key, is_whole)| match platform.dialect {
                Dialect::Mysql => self.begins_with(&key.columns, *is_whole, referred),
                Dialect::Postgres | Dialect::Sqlite => {
                    is_same_set(&key.columns, referred, platform)
                }
            })
            .map(|(key, _)| key)
            .collect()
    }

    /// Returns each key, and whether all of its columns can be referenced.
    fn candidates(&self, platform: &Platform) -> Vec<(ReferredKey, bool)> {
        let key = |name: &Option<String>, columns: &[String]| {
            (ReferredKey { name: name.clone(), columns: columns.to_vec() }, true)
        };
        let primary = self.primary_key.iter().map(|one| key(&one.name, &one.columns));
        let uniques = self.uniques.iter().map(|one| key(&one.name, &one.columns));
        let serves = |unique: bool| unique || platform.is_mysql();
        let indexes = self.indexes.iter().filter(|index| {
            serves(index.unique) && index.predicate.is_none() && index.definition.is_none()
        });
        let indexes = indexes.map(|index| {
            // A foreign key cannot use a column with an indexed prefix, nor the columns after it.
            let whole = index.columns.iter().take_while(|column| column.prefix_length.is_none());
            let columns: Vec<String> = whole.map(|column| column.name.clone()).collect();
            let is_whole = columns.len() == index.columns.len();
            (ReferredKey { name: Some(index.name.clone()), columns }, is_whole)
        });
        primary.chain(uniques).chain(indexes).collect()
    }

    fn begins_with(&self, key: &[String], is_whole: bool, referred: &[String]) -> bool {
        let hidden = self.key_columns().iter();
        let hidden = hidden.filter(|column| is_whole && !key.contains(column));
        let mut columns = key.iter().chain(hidden);
        !referred.is_empty()
            && referred
                .iter()
                .all(|name| columns.next().is_some_and(|one| one.eq_ignore_ascii_case(name)))
    }
}

fn is_same_set(key: &[String], referred: &[String], platform: &Platform) -> bool {
    key.len() == referred.len()
        && key.iter().all(|one| referred.iter().any(|other| is_same_name(one, other, platform)))
}

/// Returns whether two names denote the same column.
pub(crate) fn is_same_name(one: &str, other: &str, platform: &Platform) -> bool {
    match platform.dialect {
        Dialect::Postgres => one == other,
        Dialect::Sqlite | Dialect::Mysql => one.eq_ignore_ascii_case(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Index, Table, varchar};
    use crate::schema::platform::Platform;

    #[test]
    fn each_database_has_its_own_idea_of_a_key_to_reference() {
        let table = Table::new("models")
            .column(varchar("name", 9))
            .column(varchar("place", 9))
            .column(varchar("note", 9))
            .primary_key("pk", &["name"])
            .unique_named("both", &["name", "place"])
            .index(Index::new("plain", &["place"]))
            .index(Index::new("own", &["note"]).unique())
            .index(Index::new("part", &["note"]).unique().filter("note > ''"))
            .index(Index::new("short", &["note", "name"]).prefix("note", 3));
        for (columns, expected) in [
            (&["name"][..], [1, 1, 2]),
            (&["NAME"], [0, 1, 2]),
            (&["place"], [0, 0, 1]),
            (&["place", "name"], [1, 1, 1]),
            (&["name", "place"], [1, 1, 1]),
            (&["note"], [1, 1, 1]),
            (&["note", "name"], [0, 0, 1]),
            (&[], [0, 0, 0]),
        ] {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            let platforms = [Platform::POSTGRES, Platform::SQLITE, Platform::MYSQL_8];
            let found = platforms.map(|platform| table.keys_for(&columns, &platform).len());
            assert_eq!(found, expected, "{columns:?}");
        }
    }
}
