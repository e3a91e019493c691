//! Measures how long the server builds new indexes in place, and how large they become.
//!
//! The server copies a temporary table to change it, with all of its indexes. In place, it reads the
//! table, sorts the entries of the new index, and writes them in order. So the entries of each index
//! are sorted. Where the server writes the index to the disk at once, the sorted entries go into a
//! temporary table without any index: InnoDB then writes one tree in order, too.

use mlflow_migrate_core::backend::SAMPLE;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{Column, ColumnType, Index, Table};

use crate::features::Features;
use crate::quoting::quote;
use crate::render;

/// The name of the temporary table of an index's entries.
const ENTRIES: &str = "mlflow_migrate_entries";

/// The bytes of an entry besides its values.
///
/// A header of five bytes, the lengths of its texts, and bits for NULL (MySQL manual, "InnoDB Row
/// Formats").
const ENTRY: u64 = 8;

/// The bytes of a value without a length; most such columns of MLflow are BIGINT or DOUBLE.
const NUMBER: u64 = 8;

/// The statements that take as long as the building of one index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct IndexBuild {
    /// The statements before the query.
    pub(super) statements: Vec<String>,
    /// The query of the index's size in bytes.
    pub(super) size: String,
}

/// The statement that removes what [`IndexBuild::statements`] leave.
pub(super) fn cleanup() -> String {
    format!("DROP TEMPORARY TABLE IF EXISTS {}", quote(ENTRIES))
}

/// Returns what takes as long as the building of each new index of a change.
pub(super) fn of(change: &TableChange, features: &Features) -> Vec<IndexBuild> {
    let Some(before) = &change.before else { return Vec::new() };
    let new = new_indexes(before, &change.after);
    new.iter().map(|index| of_index(index, before, &change.after, features)).collect()
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

/// Returns what one index takes, which holds the primary key besides its own columns.
fn of_index(index: &Index, before: &Table, after: &Table, features: &Features) -> IndexBuild {
    let mut names: Vec<&str> = index.columns.iter().map(|column| column.name.as_str()).collect();
    let key = after.primary_key.iter().flat_map(|key| &key.columns).map(String::as_str);
    let key: Vec<&str> = key.filter(|name| !names.contains(name)).collect();
    names.extend(key);
    // A column that the change adds has no values yet.
    let columns: Vec<&Column> = names.iter().filter_map(|name| before.find_column(name)).collect();
    let filled: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    let filled = filled.join(", ");
    let bytes: Vec<String> = columns.iter().map(|column| size_of(column)).collect();
    let bytes = format!("{ENTRY} + {}", bytes.join(" + "));
    let (sample, entries) = (quote(SAMPLE), quote(ENTRIES));
    if !features.writes_new_indexes() {
        // Only what the result depends on is sorted. A limit would make MariaDB sort ten times as slowly.
        let sorted = if features.window_functions() {
            format!(
                "SELECT {bytes} + 0 * ROW_NUMBER() OVER (ORDER BY {filled}) AS bytes FROM {sample}"
            )
        } else {
            format!("SELECT {bytes} AS bytes FROM {sample} ORDER BY {filled} LIMIT {}", u64::MAX)
        };
        let size = format!("SELECT SUM(bytes) FROM ({sorted}) AS {entries}");
        return IndexBuild { statements: Vec::new(), size };
    }
    let fill = format!("INSERT INTO {entries} SELECT {filled} FROM {sample} ORDER BY {filled}");
    let size = format!("SELECT SUM({bytes}) FROM {entries}");
    let mut entries = Table::new(ENTRIES);
    entries.columns = columns.into_iter().map(plain).collect();
    let create = render::create_temporary_table(&entries, features);
    IndexBuild { statements: vec![create, fill], size }
}

/// Returns an expression of the bytes that a value takes.
fn size_of(column: &Column) -> String {
    match column.column_type {
        ColumnType::Integer
        | ColumnType::BigInteger
        | ColumnType::Float
        | ColumnType::Double
        | ColumnType::Boolean
        | ColumnType::Date => NUMBER.to_string(),
        _ => format!("IFNULL(LENGTH({}), 0)", quote(&column.name)),
    }
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

    use super::of;
    use crate::features::Features;

    fn shown(version: &str) -> String {
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
        let builds = of(&change, &Features::parse(version).unwrap());
        let lines = builds.into_iter().flat_map(|one| [one.statements, vec![one.size]].concat());
        lines.collect::<Vec<_>>().join(";\n")
    }

    #[test]
    fn entries_of_a_new_index_are_sorted_and_written_where_the_server_writes_them() {
        insta::assert_snapshot!(shown("8.0.36"), @r"
        CREATE TEMPORARY TABLE `mlflow_migrate_entries` (
          `step` BIGINT,
          `run` VARCHAR(32)
        ) ENGINE=InnoDB;
        INSERT INTO `mlflow_migrate_entries` SELECT `step`, `run` FROM `mlflow_migrate_sample` ORDER BY `step`, `run`;
        SELECT SUM(8 + 8 + IFNULL(LENGTH(`run`), 0)) FROM `mlflow_migrate_entries`
        ");
        insta::assert_snapshot!(shown("10.11.14-MariaDB"), @"SELECT SUM(bytes) FROM (SELECT 8 + 8 + IFNULL(LENGTH(`run`), 0) + 0 * ROW_NUMBER() OVER (ORDER BY `step`, `run`) AS bytes FROM `mlflow_migrate_sample`) AS `mlflow_migrate_entries`");
        insta::assert_snapshot!(shown("5.6.24"), @"SELECT SUM(bytes) FROM (SELECT 8 + 8 + IFNULL(LENGTH(`run`), 0) AS bytes FROM `mlflow_migrate_sample` ORDER BY `step`, `run` LIMIT 18446744073709551615) AS `mlflow_migrate_entries`");
    }
}
