//! Leaves out columns that the path adds, leaves empty, and drops again.
//!
//! An older database would get such a column for nothing, and its table would be changed twice.

use super::Step;
use crate::data::DataMigration;
use crate::history::revision::{Action, Revision};
use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table};

/// A column that no data migration needs between its addition and its end.
struct UnusedColumn<'a> {
    table: &'a str,
    column: &'a str,
}

/// Takes the columns that are not needed out of the steps, and steps that change nothing else.
pub(super) fn leave_out(
    steps: &mut Vec<Step>,
    path: &[&Revision],
    live: &Schema,
    platform: &Platform,
) {
    let actions: Vec<&Action> =
        path.iter().flat_map(|revision| revision.actions(platform)).collect();
    let unused = unused(&actions, live);
    steps.retain_mut(|step| !is_left_out(step, &unused, platform));
}

/// Returns the columns of a path that come and go, and that nothing needs between.
fn unused<'a>(actions: &[&'a Action], live: &Schema) -> Vec<UnusedColumn<'a>> {
    let added = actions.iter().enumerate().filter_map(|(place, action)| match table_edit(action) {
        Some((table, TableEdit::AddColumn(column))) => {
            Some((UnusedColumn { table, column: &column.name }, &actions[place + 1..]))
        }
        _ => None,
    });
    let unused = added
        .filter(|(one, later)| !one.is_in(live) && one.goes_without_need(later, live))
        .map(|(one, _)| one);
    unused.collect()
}

fn table_edit(action: &Action) -> Option<(&str, &TableEdit)> {
    match action {
        Action::Schema(op) => match &**op {
            Op::Alter { table, edit } => Some((table, edit)),
            Op::CreateTable(_) => None,
        },
        Action::Data(_) => None,
    }
}

impl UnusedColumn<'_> {
    fn is_in(&self, schema: &Schema) -> bool {
        schema.table(self.table).is_some_and(|table| self.is_of(table))
    }

    fn is_of(&self, table: &Table) -> bool {
        table.name == self.table && table.find_column(self.column).is_some()
    }

    /// Returns whether the column is dropped before a data migration needs it.
    fn goes_without_need(&self, later: &[&Action], live: &Schema) -> bool {
        for action in later {
            match action {
                Action::Data(migration) if self.is_needed_by(&**migration, live) => return false,
                _ if self.is_dropped_by(action) => return true,
                _ => {}
            }
        }
        false
    }

    fn is_needed_by(&self, migration: &dyn DataMigration, live: &Schema) -> bool {
        let mut named = migration.reads().iter().chain(migration.writes());
        named.any(|(table, columns)| *table == self.table && columns.contains(&self.column))
            && !migration.does_without(live).contains(&(self.table, self.column))
    }

    fn is_dropped_by(&self, action: &Action) -> bool {
        matches!(
            table_edit(action),
            Some((table, TableEdit::DropColumn(column)))
                if table == self.table && column == self.column
        )
    }
}

/// Takes columns out of a change, and returns whether nothing else is left of it.
///
/// An index over such a column goes with it, as it goes at the end.
fn is_left_out(step: &mut Step, unused: &[UnusedColumn<'_>], platform: &Platform) -> bool {
    let Step::Change(change) = step else { return false };
    let mut has_column = false;
    for one in unused {
        let tables = change.before.iter_mut().chain([&mut change.after]);
        for table in tables.filter(|table| one.is_of(table)) {
            table.drop_column(one.column, platform);
            has_column = true;
        }
    }
    has_column && change.before.as_ref() == Some(&change.after)
}
