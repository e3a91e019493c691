//! Compares two columns as a dialect sees them.

use super::constraint::normalize_expression;
use super::{Column, ColumnType, DefaultValue};
use crate::platform::Platform;

impl Column {
    /// What distinguishes the column from `found`, in words; `None` if they are the same.
    pub(crate) fn difference(&self, found: &Self, platform: &Platform) -> Option<String> {
        let dialect = platform.dialect;
        let type_of = |column: &Self| column.column_type.sql(dialect).to_ascii_uppercase();
        let default_of = |column: &Self| {
            let is_boolean = column.column_type == ColumnType::Boolean;
            column.default.as_ref().map(|default| normalize_default(default, is_boolean, platform))
        };
        let generated_of = |column: &Self| {
            let generated = column.generated.as_ref()?;
            let expression = normalize_expression(&generated.expression);
            Some((expression, generated.stored))
        };
        if type_of(self) != type_of(found) {
            Some(format!("type {}, expected {}", type_of(found), type_of(self)))
        } else if self.nullable != found.nullable {
            let words = |nullable| if nullable { "nullable" } else { "NOT NULL" };
            Some(format!("{}, expected {}", words(found.nullable), words(self.nullable)))
        } else if default_of(self) != default_of(found) {
            let words = |column| default_of(column).unwrap_or_else(|| "none".to_owned());
            Some(format!("default {}, expected {}", words(found), words(self)))
        } else if generated_of(self) != generated_of(found) {
            Some("computed differently".to_owned())
        } else if self.collation != found.collation {
            let words = |column: &Self| column.collation.clone().unwrap_or("default".to_owned());
            Some(format!("collation {}, expected {}", words(found), words(self)))
        } else {
            None
        }
    }
}

/// `'0'`, `0` and `('0')` are the same default, and so is `false` for a boolean.
fn normalize_default(default: &DefaultValue, is_boolean: bool, platform: &Platform) -> String {
    let text = default.sql(platform.dialect).trim().to_owned();
    let bare = text.trim_matches(|character| matches!(character, '(' | ')'));
    let number = match bare.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        Some(inner) if inner.parse::<i64>().is_ok() => inner,
        _ => bare,
    };
    match number {
        "false" if is_boolean => "0".to_owned(),
        "true" if is_boolean => "1".to_owned(),
        number => number.to_owned(),
    }
}
