//! Renders a column's definition for CREATE TABLE and ALTER TABLE.

use mlflow_migrate_core::schema::platform::Dialect::Mysql;
use mlflow_migrate_core::schema::{Column, ColumnType, DefaultValue};

use crate::quoting::{literal, quote};

/// Returns the column's name and its definition.
pub(super) fn named(column: &Column) -> String {
    format!("{} {}", quote(&column.name), definition(column))
}

/// Returns the definition without the name.
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
        // A TIMESTAMP without NULL may be NOT NULL by default.
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

/// Returns the part of a collation's name before the first `_`.
fn character_set(collation: &str) -> &str {
    collation.split_once('_').map_or(collation, |(character_set, _)| character_set)
}

/// Returns a default; an expression needs parentheses, except for the two oldest kinds.
fn default_text(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Literal(text) => literal(text),
        DefaultValue::False => default.sql(Mysql).into_owned(),
        DefaultValue::Expression(text) => {
            if is_time(text) || is_bits(text) {
                text.clone()
            } else {
                format!("({text})")
            }
        }
    }
}

/// Returns whether a text is `CURRENT_TIMESTAMP`, possibly with a number of digits.
fn is_time(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.strip_prefix("current_timestamp").is_some_and(|rest| {
        let digits = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        rest.is_empty() || digits.is_some_and(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Returns whether a text is a bit literal: `b'01'`.
fn is_bits(text: &str) -> bool {
    let bits = text.strip_prefix(['b', 'B']).and_then(|rest| rest.strip_prefix('\''));
    let bits = bits.and_then(|rest| rest.strip_suffix('\''));
    bits.is_some_and(|bits| bits.bytes().all(|bit| matches!(bit, b'0' | b'1')))
}
