//! Renames columns.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::schema::op::{Op, TableEdit};
use mlflow_migrate_core::schema::platform::Platform;

use crate::ddl::quote_identifier;

/// Returns the columns to rename, which happens before every other change.
///
/// SQLite then puts the new name into everything that names the column.
pub(super) fn renames(change: &TableChange) -> Vec<(String, String)> {
    let columns = change.before.iter().flat_map(|_| &change.after.columns);
    let renamed = columns.filter(|column| column.live_name() != column.name);
    renamed.map(|column| (column.live_name().to_owned(), column.name.clone())).collect()
}

/// Returns the change that remains after the columns are renamed.
///
/// # Errors
/// If the table lacks one of the columns.
pub(super) fn after_renames(change: &TableChange) -> Result<TableChange, Error> {
    let mut left = change.clone();
    left.after.settle();
    let Some(before) = left.before.take() else { return Ok(left) };
    let table = before.name.clone();
    let mut schema = Schema::default();
    schema.insert(before);
    for (from, to) in renames(change) {
        let op = Op::Alter { table: table.clone(), edit: TableEdit::RenameColumn { from, to } };
        schema
            .apply(&op, &Platform::SQLITE)
            .map_err(|source| Error::edit("(a renamed column)", source))?;
    }
    schema.settle();
    left.before = schema.tables.remove(&table);
    Ok(left)
}

/// Renders `RENAME COLUMN` for a table whose name is quoted.
pub(super) fn rename_column(table: &str, from: &str, to: &str) -> String {
    let (from, to) = (quote_identifier(from), quote_identifier(to));
    format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}")
}
