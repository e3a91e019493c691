//! Renders `CREATE INDEX`.

use mlflow_migrate_core::schema::Index;

use crate::ddl::quote_identifier;

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
    format!(
        "CREATE {}INDEX {} ON {} ({}){}",
        if index.unique { "UNIQUE " } else { "" },
        quote_identifier(&index.name),
        quote_identifier(table),
        columns.join(", "),
        index.predicate.as_ref().map_or(String::new(), |text| format!(" WHERE {text}"))
    )
}
