//! What puts drift right: the statements that lead from a live table to the one of its revision.

use crate::backend::{Backend, TableChange};
use crate::schema::{Detail, Difference, DifferenceKind, Object, Schema, Table};

/// Returns the statements that remove differences of a live schema from `expected`, a table each, where
/// the database changes tables by statements that a person can run. A table or column that is missing
/// has lost its rows or values, which no statement brings back, so its table is left out.
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
        if !of_table.into_iter().all(|difference| put_right(&mut after, difference, wanted)) {
            continue;
        }
        let (before, revisions) = (Some(before.clone()), Vec::new());
        let change = TableChange { before, after, revisions };
        // A table that cannot be changed has other obstacles, which a plan names.
        if let Ok(method) = backend.method(&change) {
            statements.extend(method.statements.iter().map(|statement| in_one_line(statement)));
        }
    }
    statements
}

/// Removes one difference, if that is possible.
fn put_right(table: &mut Table, difference: &Difference, wanted: &Table) -> bool {
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
