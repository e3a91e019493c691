//! Renders keys and checks for `CREATE TABLE` and `ADD`.

use mlflow_migrate_core::schema::{Check, ForeignKey, PrimaryKey, ReferentialAction, Unique};

use super::quote::{column_list, quote_identifier};

/// Renders a primary key.
pub(crate) fn primary_key(key: &PrimaryKey) -> String {
    let name = constraint_name(key.name.as_deref());
    format!("{name}PRIMARY KEY ({})", column_list(&key.columns))
}

/// Renders a unique constraint.
pub(crate) fn unique(unique: &Unique) -> String {
    let name = constraint_name(unique.name.as_deref());
    format!("{name}UNIQUE ({})", column_list(&unique.columns))
}

/// Renders a CHECK constraint.
pub(crate) fn check(check: &Check) -> String {
    format!("{}CHECK {}", constraint_name(check.name.as_deref()), parenthesised(&check.expression))
}

/// Renders a foreign key.
pub(crate) fn foreign_key(key: &ForeignKey) -> String {
    let mut text = format!(
        "{}FOREIGN KEY({}) REFERENCES {}",
        constraint_name(key.name.as_deref()),
        column_list(&key.columns),
        quote_identifier(&key.referred_table)
    );
    if !key.referred_columns.is_empty() {
        text += &format!(" ({})", column_list(&key.referred_columns));
    }
    if let Some(qualifiers) = &key.qualifiers {
        text += &format!(" {qualifiers}");
    }
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != ReferentialAction::NoAction {
            text += &format!(" ON {event} {}", action.sql());
        }
    }
    text
}

fn constraint_name(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote_identifier(name)))
}

/// Puts an expression in parentheses. A comment at its end must not swallow the closing one.
fn parenthesised(expression: &str) -> String {
    let end = if expression.contains("--") { "\n" } else { "" };
    format!("({expression}{end})")
}
