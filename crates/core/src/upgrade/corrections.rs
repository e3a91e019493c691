//! Turns a drifted table into the one of its revision, as statements for the user or as a model.

use crate::backend::Backend;
use crate::plan::TableChange;
use crate::schema::platform::{Dialect, Platform};
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
        if !of_table.into_iter().all(|difference| correct(&mut after, difference, wanted)) {
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

/// Removes one difference if that is sound whatever the rows hold, and returns whether it did.
///
/// A constraint is sound: the preflight counts the rows that would violate it. A column gets its
/// default and its nullability back, but no other type: values could change with the type.
pub(crate) fn correct_soundly(
    table: &mut Table,
    difference: &Difference,
    wanted: &Table,
    (live, platform): (&Schema, &Platform),
) -> bool {
    match (&difference.object, &difference.detail) {
        (Object::Column(name), Some(Detail::Column(_))) => {
            correct_column(table, name, wanted, platform)
        }
        (Object::PrimaryKey, Some(Detail::PrimaryKey { expected: Some(key), .. })) => {
            let is_there = has_columns(table, &key.columns);
            if is_there {
                table.primary_key = Some(key.clone());
            }
            is_there
        }
        (object, _) => {
            let is_sound = is_supported(table, object, wanted, live);
            is_sound && correct(table, difference, wanted)
        }
    }
}

/// Gives a column its default and its nullability back, unless more than these differ.
fn correct_column(table: &mut Table, name: &str, wanted: &Table, platform: &Platform) -> bool {
    let column = table.columns.iter_mut().find(|column| column.name == name);
    let (Some(column), Some(wanted)) = (column, wanted.find_column(name)) else { return false };
    let corrected =
        Column { default: wanted.default.clone(), nullable: wanted.nullable, ..column.clone() };
    // Where the whole table has the collation, the column shows none of its own.
    let expected = Column { collation: corrected.collation.clone(), ..wanted.clone() };
    let is_all = expected.difference(&corrected, platform).is_none();
    if is_all {
        *column = corrected;
    }
    is_all
}

/// Returns whether everything exists that an object is about.
fn is_supported(table: &Table, object: &Object, wanted: &Table, live: &Schema) -> bool {
    match object {
        Object::ForeignKey(key) => {
            let referred = live.table(&key.referred_table);
            has_columns(table, &key.columns)
                && referred.is_some_and(|referred| has_columns(referred, &key.referred_columns))
        }
        Object::Unique(unique) => has_columns(table, &unique.columns),
        Object::Index(index) if index.predicate.is_none() && index.definition.is_none() => {
            index.column_names().all(|name| table.find_column(name).is_some())
        }
        // The expression may name any column.
        Object::Check(_) | Object::Index(_) | Object::Trigger(_) => {
            wanted.columns.iter().all(|column| table.find_column(&column.name).is_some())
        }
        Object::Table | Object::Column(_) | Object::ColumnOrder | Object::PrimaryKey => false,
    }
}

fn has_columns(table: &Table, columns: &[String]) -> bool {
    columns.iter().all(|name| table.find_column(name).is_some())
}

/// Removes one difference, if possible, and returns whether it did.
fn correct(table: &mut Table, difference: &Difference, wanted: &Table) -> bool {
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

/// Puts a statement into one line, without its semicolon.
pub(crate) fn in_one_line(statement: &str) -> String {
    let lines: Vec<&str> = statement.lines().map(str::trim).collect();
    lines.join(" ").trim_end_matches(';').to_owned()
}
