//! Measures how long the server builds new indexes in place.
//!
//! The server copies a temporary table to change it, with all of its indexes. In place, it reads the
//! table once for each new index, sorts the entries, and writes them in order (MySQL manual, "Sorted
//! Index Builds"). So the entries of each index go, sorted, into a temporary table without any index:
//! InnoDB then writes one tree in order, too.

use mlflow_migrate_core::backend::SAMPLE;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{Column, Index, Table};

use crate::features::Features;
use crate::quoting::quote;
use crate::render;

/// The name of the temporary table of an index's entries.
const ENTRIES: &str = "mlflow_migrate_entries";

/// The statement that removes what an interrupted measurement has left.
pub(super) fn cleanup() -> String {
    format!("DROP TEMPORARY TABLE IF EXISTS {}", quote(ENTRIES))
}

/// Returns the statements that take as long as the building of a change's new indexes.
pub(super) fn statements(change: &TableChange, features: &Features) -> Vec<String> {
    let Some(before) = &change.before else { return Vec::new() };
    let new = new_indexes(before, &change.after);
    new.iter().flat_map(|index| of_index(index, before, &change.after, features)).collect()
}

fn new_indexes(before: &Table, after: &Table) -> Vec<Index> {
    let known = |name: &str| before.indexes.iter().any(|index| index.name == name);
    let indexes = after.indexes.iter().filter(|index| !known(&index.name)).cloned();
    let uniques = after.uniques.iter().filter(|unique| !before.uniques.contains(unique));
    let uniques = uniques.map(|unique| {
        let columns: Vec<&str> = unique.columns.iter().map(String::as_str).collect();
        Index::new(unique.name.as_deref().unwrap_or(ENTRIES), &columns)
    });
    // The model does not know the columns of an index over an expression.
    indexes.chain(uniques).filter(|index| index.definition.is_none()).collect()
}

/// Returns the statements for one index, which holds the primary key besides its own columns.
fn of_index(index: &Index, before: &Table, after: &Table, features: &Features) -> [String; 3] {
    let mut names: Vec<&str> = index.columns.iter().map(|column| column.name.as_str()).collect();
    let key = after.primary_key.iter().flat_map(|key| &key.columns).map(String::as_str);
    let key: Vec<&str> = key.filter(|name| !names.contains(name)).collect();
    names.extend(key);
    let mut entries = Table::new(ENTRIES);
    entries.columns = names.iter().filter_map(|name| after.find_column(name)).map(plain).collect();
    // A column that the change adds has no values yet.
    let filled: Vec<String> = names
        .iter()
        .filter(|name| before.find_column(name).is_some())
        .map(|name| quote(name))
        .collect();
    let filled = filled.join(", ");
    let fill = format!(
        "INSERT INTO {entries} ({filled}) SELECT {filled} FROM {sample} ORDER BY {filled}",
        entries = quote(ENTRIES),
        sample = quote(SAMPLE)
    );
    [render::create_temporary_table(&entries, features), fill, cleanup()]
}

/// Returns a column that takes the values of another one, and makes none itself.
fn plain(column: &Column) -> Column {
    Column {
        nullable: true,
        default: None,
        generated: None,
        autoincrement: false,
        renamed_from: None,
        ..column.clone()
    }
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::backend::SAMPLE;
    use mlflow_migrate_core::plan::TableChange;
    use mlflow_migrate_core::schema::{Index, Table, big_integer, varchar};

    use super::statements;
    use crate::features::Features;

    #[test]
    fn entries_of_a_new_index_are_written_in_their_order() {
        let before = Table::new(SAMPLE)
            .column(varchar("run", 32).not_null())
            .column(big_integer("step").not_null())
            .column(varchar("other", 9))
            .primary_key("pk", &["run", "step"])
            .index(Index::new("by_other", &["other"]));
        let after = before
            .clone()
            .column(varchar("added", 5))
            .index(Index::new("by_step", &["step", "added"]));
        let change = TableChange { before: Some(before), after, revisions: Vec::new() };
        let statements = statements(&change, &Features::parse("8.0.36").unwrap());
        insta::assert_snapshot!(statements.join(";\n"), @r"
        CREATE TEMPORARY TABLE `mlflow_migrate_entries` (
          `step` BIGINT,
          `added` VARCHAR(5),
          `run` VARCHAR(32)
        ) ENGINE=InnoDB;
        INSERT INTO `mlflow_migrate_entries` (`step`, `run`) SELECT `step`, `run` FROM `mlflow_migrate_sample` ORDER BY `step`, `run`;
        DROP TEMPORARY TABLE IF EXISTS `mlflow_migrate_entries`
        ");
    }
}
