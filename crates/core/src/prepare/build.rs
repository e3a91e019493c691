//! Makes what can be prepared, one by one.

use std::sync::Arc;
use std::time::Instant;

use super::fill;
use super::indexes::prepared;
use super::objects::{PreparableIndex, PreparableTable};
use super::preparable::Preparable;
use super::report::{LeftOut, PrepareReport, PreparedIndex, PreparedTable};
use crate::backend::Backend;
use crate::error::{Error, VerificationError};
use crate::event::Observer;
use crate::history::catalogue::Catalogue;
use crate::online::{Steps, begin, end, online};
use crate::plan::Plan;
use crate::schema::{Difference, DifferenceKind, Object, Schema, Table, differences};
use crate::upgrade::inspection::inspect_and_plan;
use crate::upgrade::options::UpgradeOptions;

/// Makes what an upgrade needs and an older MLflow does not notice, while MLflow runs.
///
/// The revision of the database stays. What was made stays, also after an error. PostgreSQL may also
/// keep an index that it has begun and does not use; whoever comes next replaces it.
///
/// # Errors
/// If the database cannot change tables online, cannot be upgraded to the target, or another upgrade
/// is at work.
pub async fn prepare(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    begin(backend, request, observer).await?;
    let result = build(backend, catalogue, request, observer).await;
    end(backend, result).await
}

async fn build(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<PrepareReport, Error> {
    let started = Instant::now();
    let (plan, live) = inspect_and_plan(backend, catalogue, request).await?;
    let mut due = Preparable::of(backend, &plan, &live)?;
    refuse(backend, &plan, &live, &due, request).await?;
    let step_count = due.tables.len() + 2 * due.rows.len() + due.indexes.len();
    let mut steps = Steps { request, observer, step_count, done: 0 };
    let mut tables = Vec::new();
    for table in &due.tables {
        tables.push(create(backend, table, &mut steps).await?);
    }
    let mut rows = Vec::new();
    for table in &due.rows {
        rows.push(fill::fill(backend, table, &live, &mut steps).await?);
    }
    let earlier_indexes = earlier_indexes(&plan, &live);
    // Some indexes can be built only now, since they are on new columns.
    let (now, live) = inspect_and_plan(backend, catalogue, request).await?;
    let made = std::mem::replace(&mut due, Preparable::of(backend, &now, &live)?);
    leave_out_tables(backend, &mut due).await?;
    steps.step_count = steps.done + due.indexes.len();
    let mut indexes = Vec::new();
    for index in &due.indexes {
        indexes.push(build_index(backend, index, &mut steps).await?);
    }
    due.tables = made.tables;
    verify(backend, &due).await?;
    Ok(PrepareReport {
        from: plan.from.revision.clone(),
        to: plan.to.clone(),
        is_undone: false,
        tables,
        earlier_tables: plan.prepared.iter().map(as_earlier).collect(),
        rows,
        indexes,
        earlier_indexes,
        left_to_upgrade: due.left_out,
        seconds: started.elapsed().as_secs_f64(),
    })
}

/// Refuses what would stop the preparation later, and rows that the upgrade would refuse.
async fn refuse(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
    due: &Preparable,
    request: &UpgradeOptions,
) -> Result<(), Error> {
    let problems = backend.preflight(&due.creations(plan)).await?;
    if let Some(problem) = problems.into_iter().next() {
        return Err(problem);
    }
    for rows in &due.rows {
        let findings = rows.migration.preflight(backend, &request.data, live).await?;
        if !findings.is_empty() {
            return Err(Error::Refused { findings });
        }
    }
    Ok(())
}

async fn create(
    backend: &mut dyn Backend,
    table: &PreparableTable,
    steps: &mut Steps<'_>,
) -> Result<PreparedTable, Error> {
    let step = steps.begin(backend, format!("create table {}", table.change.after.name)).await?;
    online(backend)?.change_briefly(&table.change, &step.progress).await?;
    Ok(PreparedTable { seconds: step.end(), ..table.named() })
}

async fn build_index(
    backend: &mut dyn Backend,
    index: &PreparableIndex,
    steps: &mut Steps<'_>,
) -> Result<PreparedIndex, Error> {
    let (table, name) = (&index.table, &index.index.name);
    let step = steps.begin(backend, format!("build {name} of {table}")).await?;
    if index.replaces_unused {
        online(backend)?.drop_index(table, name, &step.progress).await?;
    }
    online(backend)?.create_index(table, &index.index, &step.progress).await?;
    Ok(PreparedIndex { seconds: step.end(), ..index.named() })
}

fn as_earlier(table: &Table) -> PreparedTable {
    PreparedTable { table: table.name.clone(), seconds: 0.0 }
}

fn earlier_indexes(plan: &Plan, live: &Schema) -> Vec<PreparedIndex> {
    let earlier = prepared(live, &plan.states[0], &plan.result);
    let is_used = |index: &&PreparableIndex| index.index.inactive.is_none();
    earlier.iter().filter(is_used).map(PreparableIndex::named).collect()
}

/// Leaves out the indexes of tables that the server cannot index online.
async fn leave_out_tables(backend: &mut dyn Backend, due: &mut Preparable) -> Result<(), Error> {
    let mut tables: Vec<String> = due.indexes.iter().map(|index| index.table.clone()).collect();
    tables.dedup();
    for (table, reason) in online(backend)?.tables_left_out(&tables).await? {
        let (left, kept) =
            std::mem::take(&mut due.indexes).into_iter().partition(|index| index.table == table);
        due.indexes = kept;
        let left_out = |index: PreparableIndex| LeftOut {
            table: index.table,
            index: Some(index.index.name),
            reason: reason.clone(),
        };
        let left: Vec<PreparableIndex> = left;
        due.left_out.extend(left.into_iter().map(left_out));
    }
    Ok(())
}

/// Reads the schema again, and asserts that each table and each index is there, and used.
async fn verify(backend: &mut dyn Backend, made: &Preparable) -> Result<(), Error> {
    let live = backend.inspect().await?;
    let mut expected = live.clone();
    for table in &made.tables {
        expected.insert(table.change.after.clone());
    }
    let is_made = |difference: &Difference| {
        made.tables.iter().any(|table| table.change.after.name == difference.table)
    };
    let mut all = differences(&expected, &live, backend.platform());
    all.retain(is_made);
    all.extend(made.indexes.iter().filter(|index| !is_built(&live, index)).map(as_missing));
    match all.is_empty() {
        true => Ok(()),
        false => Err(Error::Verification(VerificationError::Unverified { differences: all })),
    }
}

fn is_built(live: &Schema, built: &PreparableIndex) -> bool {
    let table = live.table(&built.table);
    table.is_some_and(|table| {
        table.indexes.iter().any(|index| {
            index.name == built.index.name && index.describe() == built.index.describe()
        })
    })
}

fn as_missing(index: &PreparableIndex) -> Difference {
    let object = Object::Index(index.index.clone());
    Difference::new(DifferenceKind::Missing, &index.table, object)
}
