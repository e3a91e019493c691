//! A schema as SQLite's pragmas and SQLAlchemy's reflection describe it.

use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Column, ForeignKey, Index, ReferentialAction, Schema, Table};
use serde_json::{Map, Value, json};

use super::{Description, text};

pub(super) fn describe(schema: &Schema) -> Description {
    schema.tables.iter().map(|(name, table)| (name.clone(), describe_table(table))).collect()
}

fn describe_table(table: &Table) -> Value {
    let primary_key = table.primary_key.as_ref();
    let unique = |unique: &mlflow_migrate_core::schema::Unique| json!({"name": unique.name, "columns": unique.columns});
    let check = |check: &mlflow_migrate_core::schema::Check| json!({"name": check.name, "expr": text::expression(&check.expression)});
    let trigger = |trigger: &mlflow_migrate_core::schema::Trigger| json!({"name": trigger.name, "sql": text::statement(&trigger.definition)});
    json!({
        "columns": table.columns.iter().map(column).collect::<Vec<_>>(),
        "pk": {
            "name": primary_key.and_then(|key| key.name.as_deref()),
            "columns": table.key_columns(),
        },
        "fks": text::sorted(table.foreign_keys.iter().map(foreign_key).collect()),
        "uniques": text::sorted(table.uniques.iter().map(unique).collect()),
        "checks": text::sorted(table.checks.iter().map(check).collect()),
        "indexes": text::sorted(table.indexes.iter().map(index).collect()),
        "triggers": text::sorted(table.triggers.iter().map(trigger).collect()),
    })
}

fn column(column: &Column) -> Value {
    let mut described = Map::new();
    described.insert("name".to_owned(), json!(column.name));
    described.insert("type".to_owned(), json!(column.column_type.sql(Dialect::Sqlite)));
    described.insert("nullable".to_owned(), json!(column.nullable));
    let default = column.default.as_ref().map(|default| default.sql(Dialect::Sqlite));
    described.insert("default".to_owned(), json!(default));
    let kind = |stored| if stored { "stored" } else { "virtual" };
    let generated = column.generated.as_ref();
    let kind = generated.map(|generated| kind(generated.stored));
    described.insert("generated".to_owned(), json!(kind));
    if let Some(generated) = generated {
        described.insert("expr".to_owned(), json!(text::expression(&generated.expression)));
    }
    Value::Object(described)
}

fn foreign_key(key: &ForeignKey) -> Value {
    let mut described = Map::new();
    described.insert("name".to_owned(), json!(key.name));
    described.insert("columns".to_owned(), json!(key.columns));
    described.insert("table".to_owned(), json!(key.referred_table));
    described.insert("refs".to_owned(), json!(key.referred_columns));
    for (event, action) in [("ondelete", key.on_delete), ("onupdate", key.on_update)] {
        if action != ReferentialAction::NoAction {
            described.insert(event.to_owned(), json!(action.sql()));
        }
    }
    Value::Object(described)
}

/// The reference has no word for INCLUDE and WHERE: MLflow asks for neither on SQLite, so an index
/// with one of them must not pass for one without.
fn index(index: &Index) -> Value {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| format!("{}{}", column.name, if column.descending { " DESC" } else { "" }))
        .collect();
    let mut described = Map::new();
    described.insert("name".to_owned(), json!(index.name));
    described.insert("unique".to_owned(), json!(index.unique));
    described.insert("columns".to_owned(), json!(columns));
    if !index.include.is_empty() || index.predicate.is_some() {
        described.insert("include".to_owned(), json!(index.include));
        described.insert("where".to_owned(), json!(index.predicate));
    }
    Value::Object(described)
}
