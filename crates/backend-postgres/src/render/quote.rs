//! Quotes names and texts.

/// An identifier in quotes.
pub(crate) fn quote_identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string in quotes, for a statement that takes no parameters.
pub(crate) fn quote_literal(text: &str) -> String {
    if text.contains('\\') {
        return format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"));
    }
    format!("'{}'", text.replace('\'', "''"))
}

/// Names in quotes, with commas between.
pub(crate) fn column_list<T: AsRef<str>>(columns: &[T]) -> String {
    let quoted: Vec<String> =
        columns.iter().map(|column| quote_identifier(column.as_ref())).collect();
    quoted.join(", ")
}
