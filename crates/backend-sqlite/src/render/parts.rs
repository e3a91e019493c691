//! Renders parts that several statements share.

use crate::ddl::quote_identifier;

/// Puts an expression in parentheses. A comment at its end must not swallow the closing one.
pub(crate) fn parenthesised(expression: &str) -> String {
    let end = if expression.contains("--") { "\n" } else { "" };
    format!("({expression}{end})")
}

/// Renders the name before a constraint, if it has one.
pub(super) fn constraint_name(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote_identifier(name)))
}

/// Quotes names where needed, and joins them with commas.
pub(crate) fn column_list<T: AsRef<str>>(columns: &[T]) -> String {
    let quoted: Vec<String> =
        columns.iter().map(|column| quote_identifier(column.as_ref())).collect();
    quoted.join(", ")
}
