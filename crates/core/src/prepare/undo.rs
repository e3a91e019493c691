//! Takes a preparation back.

use std::sync::Arc;
use std::time::Instant;

use sea_query::{Alias, Expr, Query};

use super::indexes::prepared;
use super::objects::PreparableIndex;
use super::report::{FilledRows, PrepareReport, PreparedIndex, PreparedTable};
use crate::backend::Backend;
use crate::data::{Beforehand, FilledTable};
use crate::error::Error;
use crate::event::Observer;
use crate::graphs::GraphName;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::locate::drift::Drift;
use crate::locate::wrong_stamp;
use crate::online::{Steps, begin, end, online};
use crate::plan::{Plan, TableChange};
use crate::schema::{Column, Difference, DifferenceKind, Index, Object, Schema, Table};
use crate::upgrade::inspection::{plan_from, read};
use crate::upgrade::options::UpgradeOptions;

/// Drops the tables, columns and indexes that belong to later revisions only, while MLflow runs.
///
/// # Errors
/// As [`prepare`](super::prepare). Also if the schema is not that of the version in
/// `alembic_version`, or a table of a later revision has rows.
pub async fn undo(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    begin(backend, request, observer).await?;
    let result = take_back(backend, catalogue, request, observer).await;
    end(backend, result).await
}

async fn take_back(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    let started = Instant::now();
    let (location, live) = read(backend, catalogue, request).await?;
    // By a wrong version, objects of the database's true revision would count as prepared.
    if let Some(wrong) = wrong_stamp(catalogue, backend.platform(), &live, &location)? {
        return Err(wrong);
    }
    let plan = plan_from(backend, catalogue, request, &location, &live).await?;
    let due = prepared(&live, &plan.states[0], &plan.states[1]);
    refuse_upgraded(backend, catalogue, &plan, &live, &due).await?;
    let filled = filled(&plan, &live);
    let step_count = plan.prepared.len() + due.len() + filled.len();
    let mut steps = Steps { request, observer, step_count, done: 0 };
    let mut indexes = Vec::new();
    for index in &due {
        indexes.push(drop_index(backend, index, &mut steps).await?);
    }
    let mut rows = Vec::new();
    for table in &filled {
        rows.push(drop_columns(backend, &plan, &live, table, &mut steps).await?);
    }
    let mut tables = Vec::new();
    for table in plan.prepared.iter().rev() {
        tables.push(drop_table(backend, table, &mut steps).await?);
    }
    Ok(PrepareReport {
        from: location.revision,
        to: plan.to,
        is_undone: true,
        tables,
        earlier_tables: Vec::new(),
        rows,
        indexes,
        earlier_indexes: Vec::new(),
        left_to_upgrade: Vec::new(),
        seconds: started.elapsed().as_secs_f64(),
    })
}

async fn drop_index(
    backend: &mut dyn Backend,
    index: &PreparableIndex,
    steps: &mut Steps<'_>,
) -> Result<PreparedIndex, Error> {
    let (table, name) = (&index.table, &index.index.name);
    let step = steps.begin(backend, format!("drop {name} of {table}")).await?;
    online(backend)?.drop_index(table, name, &step.progress).await?;
    Ok(PreparedIndex { seconds: step.end(), ..index.named() })
}

/// Returns the tables of which a preparation has filled rows.
fn filled(plan: &Plan, live: &Schema) -> Vec<FilledTable> {
    let beforehand = plan.migrations().filter_map(|(_, migration)| migration.beforehand());
    let tables = beforehand.flat_map(Beforehand::tables);
    tables.filter(|table| table.is_filled(live)).copied().collect()
}

/// Drops the columns that a preparation has added. The table that proves this goes last.
async fn drop_columns(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
    filled: &FilledTable,
    steps: &mut Steps<'_>,
) -> Result<FilledRows, Error> {
    let step = steps.begin(backend, format!("drop new columns of {}", filled.table)).await?;
    let mut columns = Vec::new();
    if let Some(table) = live.table(filled.table) {
        let is_new = |column: &Column| {
            let has = |state: &Schema| {
                state.table(&table.name).is_some_and(|it| it.find_column(&column.name).is_some())
            };
            has(&plan.states[1]) && !has(&plan.states[0])
        };
        let mut after = table.clone();
        after.indexes.retain(|index| !is_dropped(index, plan, table));
        let mut before = after.clone();
        columns.extend(table.columns.iter().filter(|column| is_new(column)));
        after.columns.retain(|column| !is_new(column));
        before.settle();
        if !columns.is_empty() {
            let change = TableChange { before: Some(before), after, revisions: Vec::new() };
            online(backend)?.change_briefly(&change, &step.progress).await?;
        }
    }
    online(backend)?.drop_table(filled.digests, &step.progress).await?;
    Ok(FilledRows {
        table: filled.table.to_owned(),
        columns: columns.iter().map(|column| column.name.clone()).collect(),
        rows: 0,
        seconds: step.end(),
    })
}

/// Returns whether an index was dropped a moment ago.
fn is_dropped(index: &Index, plan: &Plan, table: &Table) -> bool {
    let has = |state: &Schema| {
        let known = state.table(&table.name);
        known.is_some_and(|known| known.indexes.iter().any(|one| one.name == index.name))
    };
    has(&plan.states[1]) && !has(&plan.states[0])
}

async fn drop_table(
    backend: &mut dyn Backend,
    table: &Table,
    steps: &mut Steps<'_>,
) -> Result<PreparedTable, Error> {
    let step = steps.begin(backend, format!("drop table {}", table.name)).await?;
    online(backend)?.drop_table(&table.name, &step.progress).await?;
    Ok(PreparedTable { table: table.name.clone(), seconds: step.end() })
}

/// Refuses a database that has more of its later revisions than a preparation makes.
///
/// It may be at a later revision, with a wrong version and another difference. Then what seems to
/// be prepared is its own.
async fn refuse_upgraded(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    plan: &Plan,
    live: &Schema,
    indexes: &[PreparableIndex],
) -> Result<(), Error> {
    let drift = Drift::of(catalogue, backend.platform(), live, &plan.from, plan.to.as_deref())?;
    let mut differences = drift.into_ahead();
    let filled = filled(plan, live);
    differences.retain(|one| !is_prepared(one, plan, &filled, indexes));
    for table in &plan.prepared {
        if has_rows(backend, &table.name).await? {
            differences.push(Difference::new(DifferenceKind::Extra, &table.name, Object::Table));
        }
    }
    match differences.is_empty() {
        true => Ok(()),
        false => Err(further(&plan.from, differences)),
    }
}

fn is_prepared(
    difference: &Difference,
    plan: &Plan,
    filled: &[FilledTable],
    indexes: &[PreparableIndex],
) -> bool {
    match &difference.object {
        Object::Table => plan.prepared.iter().any(|table| table.name == difference.table),
        Object::Column(_) => filled.iter().any(|filled| filled.table == difference.table),
        Object::Index(found) => indexes
            .iter()
            .any(|index| index.table == difference.table && index.index.name == found.name),
        _ => false,
    }
}

fn further(location: &Location, differences: Vec<Difference>) -> Error {
    Error::Drift {
        table: GraphName::Tracking.version_table(),
        revision: location.label().to_owned(),
        differences,
        is_acceptable: false,
        repairs: Vec::new(),
        is_repairable: false,
    }
}

async fn has_rows(backend: &mut dyn Backend, table: &str) -> Result<bool, Error> {
    let one = Query::select().expr(Expr::val(1)).from(Alias::new(table)).limit(1).take();
    Ok(!backend.query(one).await?.is_empty())
}
