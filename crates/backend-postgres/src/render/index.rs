//! Renders indexes.

use mlflow_migrate_core::schema::Index;

use super::quote::{column_list, quote_identifier};

/// Renders `CREATE INDEX`.
pub(crate) fn create_index(index: &Index, table: &str) -> String {
    match &index.definition {
        Some(definition) => definition.clone(),
        None => create_index_in(index, &quote_identifier(table), ""),
    }
}

/// Renders `CREATE INDEX` for a quoted table, with a further word: empty, or `CONCURRENTLY `.
pub(crate) fn create_index_in(index: &Index, table: &str, word: &str) -> String {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            let order = if column.descending { " DESC" } else { "" };
            format!("{}{order}", quote_identifier(&column.name))
        })
        .collect();
    let mut text = format!(
        "CREATE {}INDEX {word}{} ON {table} ({})",
        if index.unique { "UNIQUE " } else { "" },
        quote_identifier(&index.name),
        columns.join(", ")
    );
    if !index.include.is_empty() {
        text += &format!(" INCLUDE ({})", column_list(&index.include));
    }
    if let Some(predicate) = &index.predicate {
        text += &format!(" WHERE {predicate}");
    }
    text
}
