//! Quotes names and texts.

/// Quotes an identifier.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Quotes a string, for a statement that takes no parameters.
pub(crate) fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        return format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Quotes names, and joins them with commas.
pub(crate) fn column_list<T: AsRef<str>>(columns: &[T]) -> String {
    let quoted: Vec<String> =
        columns.iter().map(|column| quote_identifier(column.as_ref())).collect();
    quoted.join(", ")
}
