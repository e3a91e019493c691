//! Primary keys, unique keys and indexes.

use mlflow_migrate_core::schema::{ForeignKey, Index, IndexColumn, PrimaryKey, Table, Unique};

use super::catalogue::Record;
use super::expression;
use crate::quoting::quote;

/// Adds keys and indexes to a table whose foreign keys have been read.
pub(super) fn read_into(table: &mut Table, records: &[&Record]) {
    let mut remaining = records;
    while let Some(first) = remaining.first() {
        let of_index = |record: &&Record| record.text(1) == first.text(1);
        let end = remaining.iter().position(|record| !of_index(record));
        let (of_index, rest) = remaining.split_at(end.unwrap_or(remaining.len()));
        keep(table, first, of_index);
        remaining = rest;
    }
    mark_automatic(table);
}

/// Adds one key or index to the table.
///
/// A unique constraint and a unique index are the same to MySQL. Both become a constraint where a
/// constraint can express them.
fn keep(table: &mut Table, first: &Record, of_index: &[&Record]) {
    let name = first.text(1).to_owned();
    let columns: Vec<IndexColumn> = of_index.iter().map(|record| column(record)).collect();
    let names = || columns.iter().map(|column| column.name.clone()).collect();
    if name == "PRIMARY" {
        table.primary_key = Some(PrimaryKey { name: None, columns: names() });
        return;
    }
    let unique = first.text(2) == "0";
    let definition = is_special(of_index).then(|| definition(table, first, of_index, unique));
    let is_plain = columns.iter().all(|it| !it.descending && it.prefix_length.is_none());
    if unique && is_plain && definition.is_none() {
        let columns = names();
        table.uniques.push(Unique { name: Some(name), columns });
    } else {
        let inactive = first.optional(8).map(ToOwned::to_owned);
        let index = Index { unique, columns, definition, inactive, ..Index::new(&name, &[]) };
        table.indexes.push(index);
    }
}

fn column(record: &Record) -> IndexColumn {
    IndexColumn {
        name: match record.optional(3) {
            Some(column) => column.to_owned(),
            None => expression::plain(record.text(7)),
        },
        descending: record.text(5) == "D",
        prefix_length: record.text(4).parse().ok(),
    }
}

/// Returns whether an index is more than its columns.
///
/// Such an index covers an expression, is a FULLTEXT or SPATIAL one, or is maintained without being
/// used.
fn is_special(of_index: &[&Record]) -> bool {
    of_index.iter().any(|record| {
        record.optional(3).is_none() || record.text(6) != "BTREE" || record.optional(8).is_some()
    })
}

fn definition(table: &Table, first: &Record, of_index: &[&Record], unique: bool) -> String {
    let kind = match first.text(6) {
        kind @ ("FULLTEXT" | "SPATIAL") => format!("{kind} "),
        _ if unique => "UNIQUE ".to_owned(),
        _ => String::new(),
    };
    let columns: Vec<String> = of_index
        .iter()
        .map(|record| match record.optional(3) {
            Some(column) => quote(column),
            None => format!("({})", expression::plain(record.text(7))),
        })
        .collect();
    let (name, columns) = (quote(first.text(1)), columns.join(", "));
    format!("CREATE {kind}INDEX {name} ON {} ({columns})", quote(&table.name))
}

/// Guesses which indexes InnoDB has made for foreign keys, which the server does not report.
///
/// InnoDB makes an index over exactly the key's columns, under a name that InnoDB chooses. InnoDB
/// makes none where another key begins with these columns.
fn mark_automatic(table: &mut Table) {
    let names: Vec<String> = table
        .indexes
        .iter()
        .filter(|index| is_automatic(index, table))
        .map(|index| index.name.clone())
        .collect();
    for index in &mut table.indexes {
        index.automatic = names.contains(&index.name);
    }
}

fn is_automatic(index: &Index, table: &Table) -> bool {
    let is_plain = !index.unique
        && index.definition.is_none()
        && index.columns.iter().all(|it| !it.descending && it.prefix_length.is_none());
    let serves = |key: &&ForeignKey| index.column_names().eq(key.columns.iter());
    let is_named_for = |key: &ForeignKey| {
        let automatic = format!("{}_ibfk_", table.name);
        let chosen = key.name.as_deref().filter(|name| is_chosen(name, &automatic));
        match chosen {
            Some(name) => index.name == name,
            None => key.columns.first().is_some_and(|column| is_numbered(&index.name, column)),
        }
    };
    is_plain
        && table.foreign_keys.iter().filter(serves).any(is_named_for)
        && !is_covered_by_another(index, table)
}

/// Returns whether a user chose a foreign key's name; MariaDB 12.1 numbers the others.
fn is_chosen(name: &str, automatic: &str) -> bool {
    !name.starts_with(automatic) && !name.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns whether a name is `column`, or `column_2` and so on where `column` was taken.
fn is_numbered(name: &str, column: &str) -> bool {
    name.strip_prefix(column).is_some_and(|rest| {
        rest.is_empty()
            || rest.strip_prefix('_').is_some_and(|number| number.parse::<u32>().is_ok())
    })
}

fn is_covered_by_another(index: &Index, table: &Table) -> bool {
    let begins = |mut columns: Box<dyn Iterator<Item = &str> + '_>| {
        index.column_names().all(|column| columns.next() == Some(column))
    };
    let lists = table.uniques.iter().map(|unique| &unique.columns);
    let mut keys = lists.chain(table.primary_key.iter().map(|key| &key.columns));
    let mut others = table.indexes.iter().filter(|other| other.name != index.name);
    keys.any(|columns| begins(Box::new(columns.iter().map(String::as_str))))
        || others.any(|other| begins(Box::new(other.column_names())))
}
