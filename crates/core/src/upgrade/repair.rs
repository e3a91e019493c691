//! Builds the statements that turn a drifted table into the one of its revision.

use crate::backend::Backend;
use crate::plan::TableChange;
use crate::schema::platform::Dialect;
use crate::schema::{Column, Detail, Difference, DifferenceKind, Object, Schema, Table, quote};

/// Returns the statements that remove differences of a live schema from `expected`.
///
/// A missing table or column has lost its rows or values, and no statement restores them. Its table
/// is therefore left out. Empty on SQLite, which changes most tables by copying them.
pub(crate) fn statements(
    backend: &dyn Backend,
    expected: &Schema,
    live: &Schema,
    differences: &[Difference],
) -> Vec<String> {
    if backend.platform().is_sqlite() {
        return Vec::new();
    }
    let mut statements = Vec::new();
    for (name, before) in &live.tables {
        let of_table: Vec<&Difference> =
            differences.iter().filter(|difference| difference.table == *name).collect();
        let (false, Some(wanted)) = (of_table.is_empty(), expected.table(name)) else { continue };
        let mut after = before.clone();
        if !of_table.into_iter().all(|difference| repair(&mut after, difference, wanted)) {
            continue;
        }
        let (before, revisions) = (Some(before.clone()), Vec::new());
        let change = TableChange { before, after, revisions };
        // A table that cannot be changed has other obstacles, which a plan names.
        let Ok(method) = backend.describe_change(&change) else { continue };
        let of_table = method.statements.iter().map(|statement| in_one_line(statement)).collect();
        statements.extend(match unnumbered(&change, wanted) {
            Some(column) => with_numbering(of_table, name, column, backend.platform().dialect),
            None => of_table,
        });
    }
    statements
}

/// Returns the column that has lost its automatic numbering.
fn unnumbered<'a>(change: &TableChange, wanted: &'a Table) -> Option<&'a str> {
    let before = change.before.as_ref()?;
    let has_lost = |column: &&Column| {
        let live = before.find_column(&column.name);
        column.autoincrement && live.is_some_and(|live| !live.autoincrement)
    };
    wanted.columns.iter().find(has_lost).map(|column| column.name.as_str())
}

/// Adds to a table's statements those that restore the automatic numbers of a column.
///
/// MySQL changes no referenced column unless foreign key checks are off. Without
/// `NO_AUTO_VALUE_ON_ZERO`, it would give experiment 0 another number.
fn with_numbering(
    statements: Vec<String>,
    table: &str,
    column: &str,
    dialect: Dialect,
) -> Vec<String> {
    let (before, after) = match dialect {
        Dialect::Sqlite => return statements,
        Dialect::Mysql => (
            vec![
                "SET SESSION foreign_key_checks = 0, sql_mode = CONCAT(@@sql_mode, \
                 ',NO_AUTO_VALUE_ON_ZERO')"
                    .to_owned(),
            ],
            vec!["SET SESSION foreign_key_checks = DEFAULT, sql_mode = DEFAULT".to_owned()],
        ),
        Dialect::Postgres => {
            let (quoted, name) = (quote(table, dialect), quote(column, dialect));
            let sequence = quote(&format!("{table}_{column}_seq"), dialect);
            let literal = format!("'{}'", sequence.replace('\'', "''"));
            let numbered = vec![
                format!("CREATE SEQUENCE IF NOT EXISTS {sequence} OWNED BY {quoted}.{name}"),
                format!("ALTER TABLE {quoted} ALTER COLUMN {name} SET DEFAULT nextval({literal})"),
                format!(
                    "SELECT setval({literal}, (SELECT greatest(max({name}), 1) FROM {quoted}))"
                ),
            ];
            (Vec::new(), numbered)
        }
    };
    [before, statements, after].concat()
}

/// Removes one difference, if possible, and returns whether it did.
fn repair(table: &mut Table, difference: &Difference, wanted: &Table) -> bool {
    match (&difference.object, &difference.detail) {
        (Object::Column(name), Some(Detail::Column(_))) => {
            let column = table.columns.iter_mut().find(|column| column.name == *name);
            if let (Some(column), Some(wanted)) = (column, wanted.find_column(name)) {
                column.clone_from(wanted);
                return true;
            }
            false
        }
        (object, Some(Detail::Object { found, .. })) => {
            remove(table, found);
            add(table, object)
        }
        (object, None) if difference.kind == DifferenceKind::Missing => add(table, object),
        _ => false,
    }
}

fn remove(table: &mut Table, object: &Object) {
    match object {
        Object::ForeignKey(key) => table.foreign_keys.retain(|it| it != key),
        Object::Unique(unique) => table.uniques.retain(|it| it != unique),
        Object::Check(check) => table.checks.retain(|it| it != check),
        Object::Index(index) => table.indexes.retain(|it| it != index),
        Object::Trigger(trigger) => table.triggers.retain(|it| it != trigger),
        Object::Table | Object::Column(_) | Object::ColumnOrder | Object::PrimaryKey => {}
    }
}

fn add(table: &mut Table, object: &Object) -> bool {
    match object {
        Object::ForeignKey(key) => table.foreign_keys.push(key.clone()),
        Object::Unique(unique) => table.uniques.push(unique.clone()),
        Object::Check(check) => table.checks.push(check.clone()),
        Object::Index(index) => table.indexes.push(index.clone()),
        Object::Trigger(trigger) => table.triggers.push(trigger.clone()),
        Object::Table | Object::Column(_) | Object::ColumnOrder | Object::PrimaryKey => {
            return false;
        }
    }
    true
}

fn in_one_line(statement: &str) -> String {
    let lines: Vec<&str> = statement.lines().map(str::trim).collect();
    lines.join(" ").trim_end_matches(';').to_owned()
}
