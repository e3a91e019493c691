//! Renders keys, indexes, foreign keys and CHECKs for CREATE TABLE and ALTER TABLE … ADD.

use mlflow_migrate_core::schema::{
    Check, ForeignKey, Index, PrimaryKey, ReferentialAction, Unique,
};

use crate::quoting::quote;

pub(super) fn primary_key(key: &PrimaryKey) -> String {
    format!("PRIMARY KEY ({})", names(&key.columns))
}

/// Renders a unique key; the server names an unnamed key after its first column, as the model does.
pub(super) fn unique(unique: &Unique) -> String {
    let name = unique.name.as_deref().map_or_else(String::new, |name| format!(" {}", quote(name)));
    format!("UNIQUE KEY{name} ({})", names(&unique.columns))
}

/// Renders an index.
pub(crate) fn index(index: &Index) -> String {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            let prefix = column.prefix_length.map_or(String::new(), |length| format!("({length})"));
            let order = if column.descending { " DESC" } else { "" };
            format!("{}{prefix}{order}", quote(&column.name))
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!("{unique}KEY {} ({})", quote(&index.name), columns.join(", "))
}

/// Renders a foreign key, without its name where the server is to choose one.
pub(super) fn foreign_key(key: &ForeignKey, is_named: bool) -> String {
    let name = key.name.as_deref().filter(|_| is_named);
    let mut text = format!(
        "{}FOREIGN KEY ({}) REFERENCES {} ({})",
        name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote(name))),
        names(&key.columns),
        quote(&key.referred_table),
        names(&key.referred_columns)
    );
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != ReferentialAction::NoAction {
            text += &format!(" ON {event} {}", action.sql());
        }
    }
    text
}

pub(super) fn check(check: &Check) -> String {
    let name = check.name.as_deref();
    format!(
        "{}{}",
        name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote(name))),
        anonymous_check(check)
    )
}

/// Renders a CHECK without its name.
pub(crate) fn anonymous_check(check: &Check) -> String {
    format!("CHECK ({})", check.expression)
}

fn names(columns: &[String]) -> String {
    let quoted: Vec<String> = columns.iter().map(|column| quote(column)).collect();
    quoted.join(", ")
}
