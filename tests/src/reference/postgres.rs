//! A schema as PostgreSQL's catalogue functions describe it.

use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{
    Check, Column, ColumnType, DefaultValue, ForeignKey, Index, ReferentialAction, Schema, Table,
    Trigger,
};
use serde_json::{Map, Value, json};

use super::{Description, text};

pub(super) fn describe(schema: &Schema) -> Description {
    let mut description: Description =
        schema.tables.iter().map(|(name, table)| (name.clone(), describe_table(table))).collect();
    let triggers = schema.tables.values().flat_map(|table| &table.triggers);
    let functions = triggers.filter_map(|trigger| function(trigger.function.as_deref()?)).collect();
    description.insert("(functions)".to_owned(), text::sorted(functions));
    description
}

fn describe_table(table: &Table) -> Value {
    let primary_key = table.primary_key.as_ref().map(
        |key| json!({"name": key.name, "def": format!("PRIMARY KEY ({})", names(&key.columns))}),
    );
    let unique = |unique: &mlflow_migrate_core::schema::Unique| json!({"name": unique.name, "def": format!("UNIQUE ({})", names(&unique.columns))});
    json!({
        "columns": table.columns.iter().map(|it| column(it, table)).collect::<Vec<_>>(),
        "pk": primary_key,
        "fks": text::sorted(table.foreign_keys.iter().map(foreign_key).collect()),
        "uniques": text::sorted(table.uniques.iter().map(unique).collect()),
        "checks": text::sorted(table.checks.iter().map(check).collect()),
        "indexes": text::sorted(table.indexes.iter().map(|it| index(it, table)).collect()),
        "triggers": text::sorted(table.triggers.iter().map(|it| trigger(it, table)).collect()),
    })
}

fn column(column: &Column, table: &Table) -> Value {
    let generated = column.generated.as_ref();
    let mut described = Map::new();
    described.insert("name".to_owned(), json!(column.name));
    described.insert("type".to_owned(), json!(type_name(&column.column_type)));
    described.insert("nullable".to_owned(), json!(column.nullable));
    described.insert("default".to_owned(), json!(default(column, table)));
    described.insert("generated".to_owned(), json!(generated.map(|_| "stored")));
    described.insert("identity".to_owned(), json!(column.identity.then_some("d")));
    if let Some(generated) = generated {
        described.insert("expr".to_owned(), json!(text::expression(&generated.expression)));
    }
    Value::Object(described)
}

fn type_name(column_type: &ColumnType) -> String {
    match column_type {
        ColumnType::Varchar(length) => format!("character varying({length})"),
        other => other.sql(Dialect::Postgres).to_lowercase(),
    }
}

/// PostgreSQL reads a quoted default as a value of the column's type, and shows its cast wherever
/// the bare value would be read as another type.
fn default(column: &Column, table: &Table) -> Option<String> {
    if column.autoincrement && !column.identity {
        return Some(format!("nextval('{}_{}_seq'::regclass)", table.name, column.name));
    }
    Some(match (column.default.as_ref()?, &column.column_type) {
        (DefaultValue::Literal(value), ColumnType::Boolean) => (value != "0").to_string(),
        (DefaultValue::Literal(value), ColumnType::Integer) => value.clone(),
        (literal @ DefaultValue::Literal(_), ColumnType::Varchar(_)) => {
            format!("{}::character varying", literal.sql(Dialect::Postgres))
        }
        (literal @ DefaultValue::Literal(_), other) => {
            format!("{}::{}", literal.sql(Dialect::Postgres), type_name(other))
        }
        (other, _) => other.sql(Dialect::Postgres).into_owned(),
    })
}

fn foreign_key(key: &ForeignKey) -> Value {
    let mut definition = format!(
        "FOREIGN KEY ({}) REFERENCES {}({})",
        names(&key.columns),
        name(&key.referred_table),
        names(&key.referred_columns)
    );
    for (event, action) in [("ON UPDATE", key.on_update), ("ON DELETE", key.on_delete)] {
        if action != ReferentialAction::NoAction {
            definition += &format!(" {event} {}", action.sql());
        }
    }
    json!({"name": key.name, "def": definition})
}

/// PostgreSQL keeps `x IN ('a', 'b')` as `x = ANY (ARRAY['a', 'b'])`.
fn check(check: &Check) -> Value {
    let expression = match check.expression.split_once(" IN ") {
        Some((column, list)) => {
            format!("{}=anyarray[{}]", text::expression(column), text::expression(list))
        }
        None => text::expression(&check.expression),
    };
    json!({"name": check.name, "def": format!("check{expression}")})
}

fn index(index: &Index, table: &Table) -> Value {
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            format!("{}{}", name(&column.name), if column.descending { " DESC" } else { "" })
        })
        .collect();
    let mut definition = format!(
        "CREATE {}INDEX {} ON public.{} USING btree ({})",
        if index.unique { "UNIQUE " } else { "" },
        name(&index.name),
        name(&table.name),
        columns.join(", ")
    );
    if !index.include.is_empty() {
        definition += &format!(" INCLUDE ({})", names(&index.include));
    }
    if let Some(predicate) = &index.predicate {
        definition += &format!(" WHERE {}", condition(predicate));
    }
    json!({"name": index.name, "def": definition})
}

/// PostgreSQL puts every operand, and the whole, in parentheses.
fn condition(predicate: &str) -> String {
    let operands: Vec<String> =
        predicate.split(" OR ").map(|operand| format!("({operand})")).collect();
    match operands.as_slice() {
        [only] => only.clone(),
        several => format!("({})", several.join(" OR ")),
    }
}

/// PostgreSQL names the table's schema.
fn trigger(trigger: &Trigger, table: &Table) -> Value {
    let definition = text::statement(&trigger.definition)
        .replace(&format!(" ON {} ", table.name), &format!(" ON public.{} ", table.name));
    json!({"name": trigger.name, "def": definition})
}

/// The name and the body of `CREATE FUNCTION name() … AS $$ body $$ …`.
fn function(statement: &str) -> Option<Value> {
    let (_, rest) = statement.split_once("FUNCTION ")?;
    let (name, _) = rest.split_once('(')?;
    let body = statement.split("$$").nth(1)?;
    let words: Vec<&str> = body.split_whitespace().collect();
    Some(json!({"name": name.trim(), "body": words.join(" ")}))
}

fn names(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| name(it)).collect();
    quoted.join(", ")
}

/// PostgreSQL quotes a name that is one of its key words, save for those that can stand as a
/// column's name; of MLflow's names that is one.
fn name(name: &str) -> String {
    if name == "timestamp" { format!("\"{name}\"") } else { name.to_owned() }
}
