//! Joins clauses into one statement.

use crate::quoting::quote;

/// Renders an `ALTER TABLE`.
pub(super) fn alter_table(table: &str, clauses: impl Iterator<Item = String>) -> String {
    let clauses: Vec<String> = clauses.collect();
    format!("ALTER TABLE {}\n  {}", quote(table), clauses.join(",\n  "))
}
