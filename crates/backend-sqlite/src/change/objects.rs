//! Adds and drops a table's columns, indexes and triggers.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{Column, Index, Table};

use crate::render;

/// Renders `ADD COLUMN` for a table whose name is quoted.
pub(super) fn add_column(table: &str, column: &Column, after: &Table) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {}", render::column(column, after))
}

/// Returns the indexes to drop and to create. A rebuild drops every index with the old table.
pub(super) fn index_changes<'a>(
    before: Option<&'a Table>,
    after: &'a Table,
    rebuilds: bool,
) -> (Vec<&'a Index>, Vec<&'a Index>) {
    let known = before.map_or(&[][..], |table| &table.indexes);
    if rebuilds {
        return (Vec::new(), after.indexes.iter().collect());
    }
    // SQLite renames a column in its indexes automatically.
    let renamed = |index: &Index| {
        let mut index = index.clone();
        for column in &mut index.columns {
            let new = after.columns.iter().find(|one| one.live_name() == column.name);
            if let Some(new) = new {
                column.name.clone_from(&new.name);
            }
        }
        index
    };
    let dropped = known.iter().filter(|index| !after.indexes.contains(&renamed(index)));
    let created =
        after.indexes.iter().filter(|index| !known.iter().any(|one| renamed(one) == **index));
    (dropped.collect(), created.collect())
}

/// Returns the statements of the triggers to create.
pub(super) fn new_triggers(change: &TableChange, rebuilds: bool) -> Vec<String> {
    let known = change.before.as_ref().map_or(&[][..], |table| &table.triggers);
    let due = change.after.triggers.iter().filter(|trigger| rebuilds || !known.contains(trigger));
    due.map(|trigger| trigger.definition.clone()).collect()
}
