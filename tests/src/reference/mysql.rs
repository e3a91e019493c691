//! A schema as `information_schema` of MySQL and MariaDB describes it.

use mlflow_migrate_core::schema::platform::{Dialect, Platform};
use mlflow_migrate_core::schema::{
    Check, Column, ColumnType, DefaultValue, ForeignKey, Index, ReferentialAction, Schema, Table,
    Trigger,
};
use serde_json::{Value, json};

use super::{Description, text};

pub(super) fn describe(schema: &Schema, platform: &Platform) -> Description {
    let tables = schema.tables.iter();
    tables.map(|(name, table)| (name.clone(), describe_table(table, platform))).collect()
}

/// Takes from a table of MySQL 9.7 what 5.7 parses and forgets.
pub(super) fn as_5_7_keeps_it(table: &mut Value) {
    table["checks"] = json!([]);
    let indexes = table["indexes"].as_array_mut().into_iter().flatten();
    for column in indexes.flat_map(|index| index["columns"].as_array_mut().into_iter().flatten()) {
        *column = json!(column.as_str().map(|name| name.trim_end_matches(" DESC")));
    }
}

fn describe_table(table: &Table, platform: &Platform) -> Value {
    let primary_key = table
        .primary_key
        .as_ref()
        .map(|key| json!({"name": "PRIMARY", "unique": true, "columns": key.columns}));
    let unique = |unique: &mlflow_migrate_core::schema::Unique| json!({"name": unique.name, "unique": true, "columns": unique.columns});
    let uniques = table.uniques.iter().map(unique);
    let indexes = table.indexes.iter().map(|it| index(it, platform));
    json!({
        "columns": table.columns.iter().map(|it| column(it, platform)).collect::<Vec<_>>(),
        "pk": primary_key,
        "fks": text::sorted(table.foreign_keys.iter().map(foreign_key).collect()),
        "checks": text::sorted(table.checks.iter().map(check).collect()),
        "indexes": text::sorted(uniques.chain(indexes).collect()),
        "triggers": text::sorted(table.triggers.iter().filter_map(trigger).collect()),
    })
}

/// MariaDB's JSON is `longtext` that compares byte for byte.
fn column(column: &Column, platform: &Platform) -> Value {
    let is_text_of_json = column.column_type == ColumnType::Json && !platform.native_json;
    let generated = column.generated.as_ref();
    let kind = |stored| if stored { "stored generated" } else { "virtual generated" };
    let extra = match generated {
        Some(generated) => Some(kind(generated.stored)),
        None => column.autoincrement.then_some("auto_increment"),
    };
    json!({
        "name": column.name,
        "type": if is_text_of_json { "longtext".to_owned() } else { type_name(&column.column_type) },
        "nullable": column.nullable,
        "default": column.default.as_ref().map(default),
        "extra": extra,
        "generated": generated.map(|generated| text::expression(&generated.expression)),
        "collation": if is_text_of_json { Some("utf8mb4_bin") } else { column.collation.as_deref() },
    })
}

fn type_name(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Integer => "int".to_owned(),
        ColumnType::Boolean => "tinyint(1)".to_owned(),
        other => other.sql(Dialect::Mysql).to_lowercase(),
    }
}

fn default(default: &DefaultValue) -> String {
    match default {
        DefaultValue::Literal(value) => value.clone(),
        DefaultValue::False => "0".to_owned(),
        DefaultValue::Expression(expression) => expression.clone(),
    }
}

fn foreign_key(key: &ForeignKey) -> Value {
    let rule =
        |action: ReferentialAction| (action != ReferentialAction::NoAction).then(|| action.sql());
    json!({
        "name": key.name,
        "columns": key.columns,
        "table": key.referred_table,
        "refs": key.referred_columns,
        "ondelete": rule(key.on_delete),
        "onupdate": rule(key.on_update),
    })
}

fn check(check: &Check) -> Value {
    json!({"name": check.name, "expr": text::expression(&check.expression)})
}

/// The reference has no word for INCLUDE and WHERE, which MySQL does not know.
fn index(index: &Index, platform: &Platform) -> Value {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            let prefix = column.prefix_length.map_or(String::new(), |length| format!("({length})"));
            let descending = column.descending && platform.descending_indexes;
            format!("{}{prefix}{}", column.name, if descending { " DESC" } else { "" })
        })
        .collect();
    let mut described = json!({"name": index.name, "unique": index.unique, "columns": columns});
    if !index.include.is_empty() || index.predicate.is_some() {
        described["include"] = json!(index.include);
        described["where"] = json!(index.predicate);
    }
    described
}

/// `CREATE TRIGGER name BEFORE UPDATE ON table FOR EACH ROW statement`.
fn trigger(trigger: &Trigger) -> Option<Value> {
    let text = text::statement(&trigger.definition);
    let (head, statement) = text.split_once(" FOR EACH ROW ")?;
    let head = head.replace('`', "");
    let (_, event) = head.split_once(&format!("{} ", trigger.name))?;
    let (event, _) = event.split_once(" ON ")?;
    Some(json!({"name": trigger.name, "sql": statement, "when": event}))
}
