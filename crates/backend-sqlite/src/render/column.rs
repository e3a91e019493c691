//! Renders the definition of a column.

use std::borrow::Cow;

use mlflow_migrate_core::schema::platform::Dialect::Sqlite;
use mlflow_migrate_core::schema::{Column, DefaultValue, Table};

use super::parts::{constraint_name, parenthesised};
use crate::ddl::{CreateTable, quote_identifier};

/// Renders a column's definition.
pub(crate) fn column(column: &Column, table: &Table) -> String {
    let mut text = quote_identifier(&column.name);
    let declared = column.column_type.sql(Sqlite);
    if !declared.is_empty() {
        text += &format!(" {}", declared_type(&declared));
    }
    if let Some(collation) = &column.collation {
        text += &format!(" COLLATE {}", quote_identifier(collation));
    }
    if let Some(default) = &column.default {
        text += &format!(" DEFAULT {}", default_text(default));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        text += &format!(" GENERATED ALWAYS AS {} {kind}", parenthesised(&generated.expression));
    }
    if !column.nullable {
        text += " NOT NULL";
    }
    if table.options.autoincrement && table.key_columns() == [column.name.clone()] {
        let name = table.primary_key.as_ref().and_then(|key| key.name.as_deref());
        text += &format!(" {}PRIMARY KEY AUTOINCREMENT", constraint_name(name));
    }
    text
}

/// Quotes a type, unless SQLite reads it back unchanged.
///
/// SQLite accepts some words as a type, and any others in quotes, which it does not keep.
fn declared_type(text: &str) -> Cow<'_, str> {
    let read = CreateTable::parse(&format!("CREATE TABLE t (c {text})"));
    let is_read_back = read.is_ok_and(|table| match table.columns.as_slice() {
        [column] => {
            let end = column.name_span.end + 1 + text.len();
            column.declared_type.as_deref() == Some(text) && column.span.end == end
        }
        _ => false,
    });
    if is_read_back {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(format!("\"{}\"", text.replace('"', "\"\"")))
    }
}

/// Renders a default. An expression needs parentheses, unless it is a literal.
fn default_text(default: &DefaultValue) -> String {
    let text = default.sql(Sqlite);
    match default {
        DefaultValue::Expression(_) if !is_constant(&text) => parenthesised(&text),
        DefaultValue::Expression(_) | DefaultValue::Literal(_) | DefaultValue::False => {
            text.into_owned()
        }
    }
}

/// Returns whether a default is a literal, whose value never changes.
///
/// `ADD COLUMN` accepts no other default.
pub(crate) fn is_constant(text: &str) -> bool {
    let text = text.trim();
    let number = text.trim_start_matches(['+', '-']);
    let is_string = |quoted: &str| {
        let inner = quoted.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        inner.is_some_and(|inner| !inner.replace("''", "").contains('\''))
    };
    let is_number = number.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && number.parse::<f64>().is_ok();
    let keyword = text.to_ascii_uppercase();
    is_number || is_string(text) || matches!(&*keyword, "NULL" | "TRUE" | "FALSE")
}
