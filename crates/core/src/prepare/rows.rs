//! Decides which rows of an upgrade can be filled beforehand.

use super::objects::PreparableRows;
use super::report::LeftOut;
use crate::backend::Backend;
use crate::data::FilledTable;
use crate::error::Error;
use crate::plan::{Plan, Step, TableChange};
use crate::schema::{Column, Schema, Table};

/// Returns which tables can get new columns, and their values, while MLflow runs.
///
/// An older MLflow names the columns that it reads and writes, so it does not notice further ones.
///
/// # Errors
/// If a change of the plan cannot be made to its table.
pub(super) fn preparable(
    backend: &dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<(Vec<PreparableRows>, Vec<LeftOut>), Error> {
    let (mut rows, mut left_out): (Vec<PreparableRows>, Vec<LeftOut>) = Default::default();
    for (place, step) in plan.steps.iter().enumerate() {
        let Step::Migrate { migration, .. } = step else { continue };
        let Some(beforehand) = migration.beforehand() else { continue };
        for filled in beforehand.tables() {
            // What does not exist yet, or only as prepared, has no rows.
            let is_prepared = plan.prepared.iter().any(|table| table.name == filled.table);
            let Some(table) = live.table(filled.table).filter(|_| !is_prepared) else { continue };
            let columns = new_columns(table, &plan.steps[..place], &plan.result);
            let change = with_columns(table, &columns);
            let obstacle = match beforehand.obstacle(filled, live) {
                Some(reason) => Some(reason),
                None => obstacle(backend, filled, live, &change)?,
            };
            match obstacle {
                None => rows.push(PreparableRows {
                    migration: migration.clone(),
                    filled: *filled,
                    change,
                }),
                Some(reason) => left_out.push(LeftOut {
                    table: filled.table.to_owned(),
                    index: None,
                    reason: reason.to_owned(),
                }),
            }
        }
    }
    Ok((rows, left_out))
}

/// Returns the columns that steps add to a table, in their order, and that stay.
///
/// A column that later loses NULL has none from the beginning, since a server may write every row
/// to take NULL away.
fn new_columns(table: &Table, steps: &[Step], result: &Schema) -> Vec<Column> {
    let mut changes = steps.iter().rev().filter_map(|step| match step {
        Step::Change(change) if change.after.name == table.name => Some(change),
        _ => None,
    });
    let is_new = |column: &&Column| {
        let stays = |later: &Table| later.find_column(&column.name).is_some();
        table.find_column(column.live_name()).is_none()
            && result.table(&table.name).is_some_and(stays)
    };
    let last = changes.next();
    last.map_or_else(Vec::new, |change| {
        let without_null = |column: &Column| {
            let later = result.table(&table.name).and_then(|it| it.find_column(&column.name));
            let loses_null = later.is_some_and(|later| !later.nullable) && column.default.is_some();
            Column { nullable: column.nullable && !loses_null, ..column.clone() }
        };
        change.after.columns.iter().filter(is_new).map(without_null).collect()
    })
}

/// Returns the change that adds columns to a table.
fn with_columns(table: &Table, columns: &[Column]) -> TableChange {
    let mut after = table.clone();
    after.columns.extend(columns.iter().cloned());
    TableChange { before: Some(table.clone()), after, revisions: Vec::new() }
}

/// Returns why a table cannot be filled before the upgrade; `None` if it can.
fn obstacle(
    backend: &dyn Backend,
    filled: &FilledTable,
    live: &Schema,
    change: &TableChange,
) -> Result<Option<&'static str>, Error> {
    let known = change.before.as_ref().map_or(0, |before| before.columns.len());
    let new = change.after.columns.get(known..).unwrap_or_default();
    if new.is_empty() && !filled.is_filled(live) {
        return Ok(Some("its columns are there, and it is not known who has filled them"));
    }
    if filled.digests_in(live).is_none() {
        return Ok(Some("it has no such key as MLflow's"));
    }
    if !new.iter().all(|column| column.generated.is_none() && can_be_left_out(column)) {
        return Ok(Some("the older MLflow would have to write one of its new columns"));
    }
    if backend.describe_change(change)?.rebuilds {
        return Ok(Some("the server writes every row to add a column"));
    }
    Ok(None)
}

fn can_be_left_out(column: &Column) -> bool {
    column.nullable || column.default.is_some()
}
