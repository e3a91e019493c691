//! CHECK constraints.

use mlflow_migrate_core::schema::{Check, Column, ColumnType};

use super::catalogue::Record;
use super::expression;
use crate::features::Features;

pub(super) fn read(records: &[&Record], features: &Features) -> Vec<Check> {
    let check = |record: &&Record| Check {
        name: record.optional(1).map(ToOwned::to_owned),
        expression: expression::of_server(record.text(2), features),
        inactive: (record.text(3) == "NO").then(|| "NOT ENFORCED".to_owned()),
    };
    records.iter().map(check).collect()
}

/// Returns whether MariaDB has made the CHECK for a column that was declared as JSON.
pub(super) fn is_of_json(check: &Check, columns: &[Column]) -> bool {
    columns
        .iter()
        .any(|column| column.column_type == ColumnType::Json && is_json_valid(check, &column.name))
}

/// Returns whether the CHECK has a column's name, and requires the column to be JSON.
pub(super) fn is_json_valid(check: &Check, column: &str) -> bool {
    check.name.as_deref() == Some(column)
        && check.normalized() == format!("json_valid{}", column.to_lowercase())
}
