//! Plans around columns that exist as the end of the path has them.
//!
//! Before `prepare` fills a column, it adds the column as the target has it. The path would first add
//! it with NULL, and later take NULL away, for which some servers write every row. So the path is
//! planned as if NULL were still allowed, and then NOT NULL is put into all of its steps.

use super::{Plan, Step, plan_edits};
use crate::data::Beforehand;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::Action;
use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::Platform;
use crate::schema::{Column, Schema, Table};

/// A column of a table that is prepared with its NOT NULL.
struct PreparedColumn {
    table: String,
    column: String,
}

/// Plans the steps as the edits of the path need them, without those that prepared columns spare.
///
/// # Errors
/// As [`super::plan`].
pub(super) fn plan_around(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Plan, Error> {
    let prepared = prepared(catalogue, platform, live, from, to)?;
    let mut without = live.clone();
    for one in &prepared {
        if let Some(column) = one.in_schema(&mut without) {
            column.nullable = true;
        }
    }
    let mut plan = plan_edits(catalogue, platform, &without, from, to)?;
    plan.steps.retain_mut(|step| !is_spared(step, &prepared));
    Ok(plan)
}

impl PreparedColumn {
    /// Returns whether the column is there without NULL. The steps before its NOT NULL need a default.
    fn has_no_null(&self, schema: &Schema) -> bool {
        let table = schema.table(&self.table);
        let column = table.and_then(|table| table.find_column(&self.column));
        column.is_some_and(|column| !column.nullable && column.default.is_some())
    }

    fn in_schema<'a>(&self, schema: &'a mut Schema) -> Option<&'a mut Column> {
        schema.tables.get_mut(&self.table).and_then(|table| self.in_table(table))
    }

    fn in_table<'a>(&self, table: &'a mut Table) -> Option<&'a mut Column> {
        table.columns.iter_mut().find(|column| column.name == self.column)
    }
}

/// Puts NOT NULL into a change, and returns whether nothing else is left of it.
fn is_spared(step: &mut Step, prepared: &[PreparedColumn]) -> bool {
    let Step::Change(change) = step else { return false };
    let mut has_column = false;
    let name = change.after.name.clone();
    for one in prepared.iter().filter(|one| one.table == name) {
        let tables = change.before.iter_mut().chain([&mut change.after]);
        for column in tables.filter_map(|table| one.in_table(table)) {
            column.nullable = false;
            has_column = true;
        }
    }
    has_column && change.before.as_ref() == Some(&change.after)
}

/// Returns the columns that the path adds with NULL, and that a preparation has made as in the end.
///
/// Only the table of the digests proves a preparation. Without it, the database may be at the end of
/// the path already, with a wrong version, and the path would empty its columns.
fn prepared(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Vec<PreparedColumn>, Error> {
    let path = catalogue.path(from.revision.as_deref(), to)?;
    let actions = || path.iter().flat_map(|revision| revision.actions(platform));
    let migrations = actions().filter_map(|action| match action {
        Action::Data(migration) => migration.beforehand(),
        Action::Schema(_) => None,
    });
    let filled: Vec<&str> = migrations
        .flat_map(Beforehand::tables)
        .filter(|table| table.is_filled(live))
        .map(|table| table.table)
        .collect();
    let mut added: Vec<PreparedColumn> = actions().filter_map(added_with_null).collect();
    added.retain(|one| filled.contains(&one.table.as_str()) && one.has_no_null(live));
    Ok(added)
}

fn added_with_null(action: &Action) -> Option<PreparedColumn> {
    let Action::Schema(op) = action else { return None };
    match &**op {
        Op::Alter { table, edit: TableEdit::AddColumn(column) } if column.nullable => {
            Some(PreparedColumn { table: table.clone(), column: column.name.clone() })
        }
        _ => None,
    }
}
