//! Renders `CREATE TABLE`.

use mlflow_migrate_core::schema::{ForeignKey, ReferentialAction, Table};

use super::column::column;
use super::parts::{column_list, constraint_name, parenthesised};
use crate::ddl::quote_identifier;

/// Renders `CREATE TABLE` under another name than the table's own, for a rebuild.
pub(crate) fn create_table_as(table: &Table, name: &str) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(|each| column(each, table)).collect();
    parts.extend(constraints(table));
    let mut options = Vec::new();
    if table.options.without_rowid {
        options.push("WITHOUT ROWID");
    }
    if table.options.strict {
        options.push("STRICT");
    }
    let options =
        if options.is_empty() { String::new() } else { format!(" {}", options.join(", ")) };
    format!("CREATE TABLE {} (\n\t{}\n){options}", quote_identifier(name), parts.join(", \n\t"))
}

/// Renders `CREATE TABLE` in SQLAlchemy's style.
#[must_use]
pub fn create_table(table: &Table) -> String {
    create_table_as(table, &table.name)
}

fn constraints(table: &Table) -> Vec<String> {
    let mut texts = Vec::new();
    if let Some(key) = &table.primary_key
        && !table.options.autoincrement
    {
        let name = constraint_name(key.name.as_deref());
        texts.push(format!("{name}PRIMARY KEY ({})", column_list(&key.columns)));
    }
    for unique in &table.uniques {
        let name = constraint_name(unique.name.as_deref());
        texts.push(format!("{name}UNIQUE ({})", column_list(&unique.columns)));
    }
    for check in &table.checks {
        let name = constraint_name(check.name.as_deref());
        texts.push(format!("{name}CHECK {}", parenthesised(&check.expression)));
    }
    texts.extend(table.foreign_keys.iter().map(foreign_key));
    texts
}

fn foreign_key(key: &ForeignKey) -> String {
    let mut text = format!(
        "{}FOREIGN KEY({}) REFERENCES {}",
        constraint_name(key.name.as_deref()),
        column_list(&key.columns),
        quote_identifier(&key.referred_table)
    );
    if !key.referred_columns.is_empty() {
        text += &format!(" ({})", column_list(&key.referred_columns));
    }
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        if action != ReferentialAction::NoAction {
            text += &format!(" ON {event} {}", action.sql());
        }
    }
    if let Some(qualifiers) = &key.qualifiers {
        text += &format!(" {qualifiers}");
    }
    text
}
