//! A column's definition, as CREATE TABLE and ALTER TABLE take it.

use mlflow_migrate_core::platform::Dialect::Mysql;
use mlflow_migrate_core::schema::{Column, ColumnType, DefaultValue};

use crate::text::{literal, quote};

/// The name and the definition.
pub(super) fn named(column: &Column) -> String {
    format!("{} {}", quote(&column.name), definition(column))
}

/// Everything but the name.
pub(super) fn definition(column: &Column) -> String {
    let mut text = column.column_type.sql(Mysql).into_owned();
    if let Some(collation) = &column.collation {
        text += &format!(" CHARACTER SET {} COLLATE {collation}", character_set(collation));
    }
    if let Some(generated) = &column.generated {
        let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
        text += &format!(" GENERATED ALWAYS AS ({}) {kind}", generated.expression);
    }
    if !column.nullable {
        text += " NOT NULL";
    } else if matches!(column.column_type, ColumnType::Other(_)) && column.generated.is_none() {
        // A TIMESTAMP is NOT NULL where nothing is said.
        text += " NULL";
    }
    if let Some(default) = &column.default {
        text += &format!(" DEFAULT {}", default_text(default));
    }
    if column.autoincrement {
        text += " AUTO_INCREMENT";
    }
    text
}

/// The part of a collation's name before the first `_`.
fn character_set(collation: &str) -> &str {
    collation.split_once('_').map_or(collation, |(character_set, _)| character_set)
}

/// An expression stands in parentheses, but for the two that MySQL knew before it knew others.
fn default_text(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Literal(text) => literal(text),
        DefaultValue::False => default.sql(Mysql).into_owned(),
        DefaultValue::Expression(text) => {
            let lower = text.to_ascii_lowercase();
            if lower.starts_with("current_timestamp") || lower.starts_with("b'") {
                text.clone()
            } else {
                format!("({text})")
            }
        }
    }
}
