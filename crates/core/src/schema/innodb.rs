//! Models the indexes that InnoDB creates automatically for foreign keys.
//!
//! A foreign key needs an index that begins with its columns. If a table has none, the server adds
//! one. The index has the name of the constraint, or of the first column if the server chose the
//! constraint's name. The index stays when the foreign key is dropped. The server drops the index
//! automatically when another index begins with its columns (MySQL manual, "FOREIGN KEY
//! Constraints").

use super::{ForeignKey, Index, Table};

impl Table {
    /// Updates the automatic indexes as InnoDB does after each change of a table.
    ///
    /// Drops an automatic index that another index covers, and adds those that foreign keys need.
    pub(crate) fn follow_innodb(&mut self) {
        let mut made: Vec<Index> = Vec::new();
        let indexes = std::mem::take(&mut self.indexes);
        let (automatic, ordinary) = indexes.into_iter().partition(|index| index.automatic);
        self.indexes = ordinary;
        let automatic: Vec<Index> = automatic;
        for index in automatic {
            let columns: Vec<&str> = index.column_names().collect();
            let exist = columns.iter().all(|column| self.find_column(column).is_some());
            if exist && !self.is_covered(&columns) {
                made.push(index);
            }
        }
        for key in &self.foreign_keys {
            let columns: Vec<&str> = key.columns.iter().map(String::as_str).collect();
            let by_server = made.iter().any(|index| begins_with(index.column_names(), &columns));
            if !by_server && !self.is_covered(&columns) {
                let name = self.free_name(&index_name(key, self), &made);
                made.push(Index { automatic: true, ..Index::new(&name, &columns) });
            }
        }
        self.indexes.append(&mut made);
    }

    fn free_name(&self, wanted: &str, made: &[Index]) -> String {
        let is_taken = |name: &str| {
            self.uniques.iter().any(|unique| unique.name.as_deref() == Some(name))
                || self.indexes.iter().chain(made).any(|index| index.name == name)
        };
        let mut numbered = (2..).map(|number: u32| format!("{wanted}_{number}"));
        if is_taken(wanted) {
            numbered.find(|name| !is_taken(name)).unwrap_or_default()
        } else {
            wanted.to_owned()
        }
    }

    /// Returns whether a key or an explicit index begins with these columns.
    pub(crate) fn is_covered(&self, columns: &[&str]) -> bool {
        let uniques = self.uniques.iter().map(|unique| &unique.columns);
        let mut keys = uniques.chain(self.primary_key.iter().map(|key| &key.columns));
        keys.any(|key| begins_with(key.iter().map(String::as_str), columns))
            || self.indexes.iter().any(|index| begins_with(index.column_names(), columns))
    }
}

/// Returns the name that InnoDB gives to the index for a foreign key, if the name is free.
fn index_name(key: &ForeignKey, table: &Table) -> String {
    let automatic = format!("{}_ibfk_", table.name);
    let is_automatic =
        |name: &str| name.starts_with(&automatic) || name.chars().all(|one| one.is_ascii_digit());
    let explicit = key.name.as_ref().filter(|name| !is_automatic(name));
    explicit.or_else(|| key.columns.first()).cloned().unwrap_or_default()
}

fn begins_with<'a>(mut longer: impl Iterator<Item = &'a str>, columns: &[&str]) -> bool {
    columns.iter().all(|column| longer.next() == Some(*column))
}

#[cfg(test)]
mod tests {
    use super::super::{ForeignKey, Index, Table, varchar};

    fn tags() -> Table {
        Table::new("tags")
            .column(varchar("key", 9))
            .column(varchar("run_uuid", 9))
            .primary_key("tag_pk", &["key", "run_uuid"])
    }

    fn names(table: &mut Table) -> Vec<String> {
        table.follow_innodb();
        table.indexes.iter().map(|index| index.name.clone()).collect()
    }

    #[test]
    fn an_index_is_made_kept_and_replaced() {
        let key = || ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]);
        let mut table = tags();
        assert!(names(&mut table).is_empty());
        table.foreign_keys.push(key().named("tags_ibfk_1"));
        assert_eq!(names(&mut table), ["run_uuid"]);
        table.foreign_keys.clear();
        assert_eq!(names(&mut table), ["run_uuid"]);
        table.foreign_keys.push(key().named("fk_tags"));
        assert_eq!(names(&mut table), ["run_uuid"]);
        table.indexes.push(Index::new("by_run", &["run_uuid", "key"]));
        assert_eq!(names(&mut table), ["by_run"]);
        table.indexes.clear();
        assert_eq!(names(&mut table), ["fk_tags"]);
    }

    #[test]
    fn a_primary_key_and_a_unique_key_cover_too() {
        let key = ForeignKey::new(&["key"], "runs", &["run_uuid"]).named("fk_tags");
        assert!(names(&mut tags().foreign_key(key)).is_empty());
        let key = ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]).named("fk_tags");
        let table = tags().unique_named("one_tag", &["run_uuid"]);
        assert!(names(&mut table.foreign_key(key)).is_empty());
    }

    #[test]
    fn a_name_that_is_taken_gets_a_number() {
        let mut table = tags().index(Index::new("run_uuid", &["key"])).foreign_key(
            ForeignKey::new(&["run_uuid"], "runs", &["run_uuid"]).named("tags_ibfk_1"),
        );
        assert_eq!(names(&mut table), ["run_uuid", "run_uuid_2"]);
    }
}
