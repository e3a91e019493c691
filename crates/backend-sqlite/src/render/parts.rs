//! What several statements are made of.

use crate::ddl::quote_identifier;

/// An expression in parentheses. Its text may end with a comment, which must not swallow the last of
/// them.
pub(crate) fn parenthesised(expression: &str) -> String {
    let end = if expression.contains("--") { "\n" } else { "" };
    format!("({expression}{end})")
}

/// Renders the name before a constraint, if it has one.
pub(super) fn constraint_name(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote_identifier(name)))
}

/// Names, quoted where they need it, with commas between.
pub(crate) fn column_list<T: AsRef<str>>(columns: &[T]) -> String {
    let quoted: Vec<String> =
        columns.iter().map(|column| quote_identifier(column.as_ref())).collect();
    quoted.join(", ")
}
