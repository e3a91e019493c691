//! The indexes that InnoDB makes for foreign keys by itself.
//!
//! A foreign key needs an index that begins with its columns. Where a table has none, the server
//! adds one, named after the constraint, or after the first column where the constraint has a name
//! of the server's choice. It stays when the foreign key goes, and goes by itself once another
//! index begins with its columns (MySQL manual, "FOREIGN KEY Constraints").

use std::collections::BTreeMap;

use mlflow_migrate_core::schema::{ForeignKey, Index, Schema, Table};

/// The indexes that the server has made so far, by table.
#[derive(Default)]
pub(super) struct ForeignKeyIndexes {
    made: BTreeMap<String, Vec<Index>>,
}

impl ForeignKeyIndexes {
    /// Goes on to the next state, and adds to it the indexes that the server holds there.
    pub(super) fn follow(&mut self, schema: &mut Schema) {
        for table in schema.tables.values_mut() {
            let made = self.made.entry(table.name.clone()).or_default();
            made.retain(|index| {
                let columns: Vec<&str> = index.column_names().collect();
                let exist = columns.iter().all(|column| table.find_column(column).is_some());
                exist && !is_covered(&columns, table)
            });
            for key in &table.foreign_keys {
                let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
                let by_server =
                    made.iter().any(|index| begins_with(index.column_names(), &columns));
                if !by_server && !is_covered(&columns, table) {
                    let name = free_name(&index_name(key, table), table, made);
                    made.push(Index::new(&name, &columns));
                }
            }
            table.indexes.extend(made.iter().cloned());
        }
    }
}

fn index_name(key: &ForeignKey, table: &Table) -> String {
    let automatic = format!("{}_ibfk_", table.name);
    let explicit = key.name.as_ref().filter(|name| !name.starts_with(&automatic));
    explicit.or_else(|| key.columns.first()).cloned().unwrap_or_default()
}

fn free_name(wanted: &str, table: &Table, made: &[Index]) -> String {
    let is_taken = |name: &str| {
        table.uniques.iter().any(|unique| unique.name.as_deref() == Some(name))
            || table.indexes.iter().chain(made).any(|index| index.name == name)
    };
    let numbered = (2..100).map(|number| format!("{wanted}_{number}"));
    std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|name| !is_taken(name))
        .unwrap_or_else(|| wanted.to_owned())
}

fn is_covered(columns: &[&str], table: &Table) -> bool {
    let uniques = table.uniques.iter().map(|unique| &unique.columns);
    let mut keys = uniques.chain(table.primary_key.iter().map(|key| &key.columns));
    keys.any(|key| begins_with(key.iter().map(String::as_str), columns))
        || table.indexes.iter().any(|index| begins_with(index.column_names(), columns))
}

fn begins_with<'a>(mut longer: impl Iterator<Item = &'a str>, columns: &[&str]) -> bool {
    columns.iter().all(|column| longer.next() == Some(*column))
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::varchar;

    use super::*;

    fn tags() -> Table {
        Table::new("tags")
            .column(varchar("key", 9))
            .column(varchar("run_uuid", 9))
            .primary_key("tag_pk", &["key", "run_uuid"])
    }

    fn names(indexes: &mut ForeignKeyIndexes, table: Table) -> Vec<String> {
        let mut schema = Schema::default();
        schema.insert(table);
        indexes.follow(&mut schema);
        schema.tables["tags"].indexes.iter().map(|index| index.name.clone()).collect()
    }

    #[test]
    fn an_index_is_made_kept_and_replaced() {
        let key = || ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]);
        let mut indexes = ForeignKeyIndexes::default();
        assert!(names(&mut indexes, tags()).is_empty());
        let unnamed = tags().foreign_key(key().named("tags_ibfk_1"));
        assert_eq!(names(&mut indexes, unnamed), ["run_uuid"]);
        assert_eq!(names(&mut indexes, tags()), ["run_uuid"]);
        let named = tags().foreign_key(key().named("fk_tags"));
        assert_eq!(names(&mut indexes, named.clone()), ["run_uuid"]);
        let covered = named.clone().index(Index::new("by_run", &["run_uuid", "key"]));
        assert_eq!(names(&mut indexes, covered), ["by_run"]);
        assert_eq!(names(&mut indexes, named), ["fk_tags"]);
    }

    #[test]
    fn a_primary_key_and_a_unique_key_cover_too() {
        let key = ForeignKey::new(&["key"], "runs", &["run_uuid"]).named("fk_tags");
        assert!(names(&mut ForeignKeyIndexes::default(), tags().foreign_key(key)).is_empty());
        let key = ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]).named("fk_tags");
        let table = tags().unique_named("one_tag", &["run_uuid"]).foreign_key(key);
        assert!(names(&mut ForeignKeyIndexes::default(), table).is_empty());
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let table = tags().index(Index::new("run_uuid", &["key"])).foreign_key(
            ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]).named("tags_ibfk_1"),
        );
        assert_eq!(names(&mut ForeignKeyIndexes::default(), table), ["run_uuid", "run_uuid_2"]);
    }
}
