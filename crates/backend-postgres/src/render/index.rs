//! Renders indexes.

use mlflow_migrate_core::schema::Index;

use super::quote::{column_list, quote_identifier};

/// Renders `CREATE INDEX`.
pub(crate) fn create_index(index: &Index, table: &str) -> String {
    if let Some(definition) = &index.definition {
        return definition.clone();
    }
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            let order = if column.descending { " DESC" } else { "" };
            format!("{}{order}", quote_identifier(&column.name))
        })
        .collect();
    let mut text = format!(
        "CREATE {}INDEX {} ON {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        quote_identifier(&index.name),
        quote_identifier(table),
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
