//! Renders the schema model as SQLite's DDL, in the style in which SQLAlchemy writes it: MLflow's
//! own tools read these texts back with SQLAlchemy's regular expressions.

use std::borrow::Cow;

use mlflow_migrate_core::schema::platform::Dialect::Sqlite;
use mlflow_migrate_core::schema::{
    Column, DefaultValue, ForeignKey, Index, ReferentialAction, Table,
};

use crate::ddl::{CreateTable, quote_identifier};

/// `CREATE TABLE` under another name than the table's own, for a rebuild.
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

/// `CREATE TABLE`, as SQLAlchemy writes it.
#[must_use]
pub fn create_table(table: &Table) -> String {
    create_table_as(table, &table.name)
}

/// A column's definition.
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

/// SQLite takes any words for a type, and others between quotes, which it does not keep.
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

/// An expression stands in parentheses, unless it is a literal that SQLite takes without.
fn default_text(default: &DefaultValue) -> String {
    let text = default.sql(Sqlite);
    match default {
        DefaultValue::Expression(_) if !is_constant(&text) => parenthesised(&text),
        DefaultValue::Expression(_) | DefaultValue::Literal(_) | DefaultValue::False => {
            text.into_owned()
        }
    }
}

/// An expression in parentheses. Its text may end with a comment, which must not swallow the last of
/// them.
pub(crate) fn parenthesised(expression: &str) -> String {
    let end = if expression.contains("--") { "\n" } else { "" };
    format!("({expression}{end})")
}

/// Whether a default is a literal, whose value never changes: `ADD COLUMN` takes no other.
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

fn constraint_name(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!("CONSTRAINT {} ", quote_identifier(name)))
}

/// `CREATE INDEX`.
pub(crate) fn create_index(index: &Index, table: &str) -> String {
    if let Some(definition) = &index.definition {
        return definition.clone();
    }
    let columns: Vec<String> = index
        .columns
        .iter()
        .map(|column| {
            let order = if column.descending { " DESC" } else { "" };
            format!("{}{order}", quote_identifier(&column.name))
        })
        .collect();
    format!(
        "CREATE {}INDEX {} ON {} ({}){}",
        if index.unique { "UNIQUE " } else { "" },
        quote_identifier(&index.name),
        quote_identifier(table),
        columns.join(", "),
        index.predicate.as_ref().map_or(String::new(), |text| format!(" WHERE {text}"))
    )
}

/// Names, quoted where they need it, with commas between.
pub(crate) fn column_list<T: AsRef<str>>(columns: &[T]) -> String {
    let quoted: Vec<String> =
        columns.iter().map(|column| quote_identifier(column.as_ref())).collect();
    quoted.join(", ")
}
