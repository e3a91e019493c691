//! What is added to a table, or goes with it: columns, indexes and triggers.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{Column, Index, Table};

use crate::render;

/// Adds a column to a table, whose name is quoted.
pub(super) fn add_column(table: &str, column: &Column, after: &Table) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {}", render::column(column, after))
}

/// The indexes that go and those that come. A rebuild drops every index with the old table.
pub(super) fn index_changes<'a>(
    before: Option<&'a Table>,
    after: &'a Table,
    rebuilds: bool,
) -> (Vec<&'a Index>, Vec<&'a Index>) {
    let known = before.map_or(&[][..], |table| &table.indexes);
    if rebuilds {
        return (Vec::new(), after.indexes.iter().collect());
    }
    // A renamed column's indexes follow by themselves.
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

/// The statements of the triggers to create.
pub(super) fn new_triggers(change: &TableChange, rebuilds: bool) -> Vec<String> {
    let known = change.before.as_ref().map_or(&[][..], |table| &table.triggers);
    let due = change.after.triggers.iter().filter(|trigger| rebuilds || !known.contains(trigger));
    due.map(|trigger| trigger.definition.clone()).collect()
}
