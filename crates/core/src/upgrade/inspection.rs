//! Reads a database, and plans its upgrade.

use crate::backend::Backend;
use crate::error::{Error, Unfinished, label};
use crate::history::catalogue::Catalogue;
use crate::history::location::{Assumption, Location};
use crate::locate::drift::Drift;
use crate::locate::{locate, wrong_stamp};
use crate::plan::{Plan, plan_downgrade_with_notes, plan_upgrade, prepared_otherwise};
use crate::schema::platform::Platform;
use crate::schema::{Difference, Index, Schema, Table};
use crate::upgrade::discards::refuse_irreversible;
use crate::upgrade::journal::{Journal, refuse_fence};
use crate::upgrade::options::UpgradeOptions;
use crate::upgrade::repair_plan::repair_plan;
use crate::upgrade::{clashes, corrections};

/// Reads a database's schema, and determines its revision.
///
/// The backend's session must have begun.
///
/// # Errors
/// If the database is not MLflow's, or its revision cannot be determined.
pub(crate) async fn inspect(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    assume: Option<&Assumption>,
) -> Result<(Location, Schema), Error> {
    if let Some(journal) = Journal::read(backend).await? {
        let unfinished = Box::new(unfinished(backend, catalogue, &journal)?);
        return Err(Error::Unfinished { name: backend.name(), unfinished });
    }
    refuse_fence(backend).await?;
    let live = backend.inspect().await?;
    let versions = backend.versions().await?;
    let location = locate(catalogue, backend.platform(), &live, versions.as_deref(), assume)?;
    Ok((location, live))
}

pub(crate) fn unfinished(
    backend: &dyn Backend,
    catalogue: &Catalogue,
    journal: &Journal,
) -> Result<Unfinished, Error> {
    let plan = journal.plan(catalogue, backend.platform())?;
    Ok(Unfinished {
        operation: journal.operation(),
        from: journal.from.revision.clone(),
        began_empty: journal.from.empty,
        to: journal.to.clone(),
        began_ms: journal.data.now_ms,
        done: journal.done,
        steps: plan.steps.len(),
        next: plan.steps.get(journal.done).map(crate::plan::Step::title),
    })
}

/// Reads a database and plans its upgrade.
///
/// The backend's session must have begun.
///
/// # Errors
/// If the database is not MLflow's, or cannot be upgraded to the target.
pub async fn inspect_and_plan(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<(Plan, Schema), Error> {
    let (location, live) = read(backend, catalogue, request).await?;
    let plan = plan_from(backend, catalogue, request, &location, &live).await?;
    Ok((plan, live))
}

/// Reads a database's schema as plans need it, and determines its revision.
///
/// # Errors
/// If the database is not MLflow's, or its revision cannot be determined.
pub(crate) async fn read(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
) -> Result<(Location, Schema), Error> {
    let (location, mut live) = inspect(backend, catalogue, request.assume.as_ref()).await?;
    add_hidden_triggers(backend, catalogue, &location, &mut live).await?;
    mark_automatic_indexes(catalogue, backend.platform(), &location, &mut live)?;
    Ok((location, live))
}

/// Plans the upgrade of a schema that was read.
///
/// # Errors
/// If the schema cannot be upgraded to the target.
pub(crate) async fn plan_from(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    request: &UpgradeOptions,
    location: &Location,
    live: &Schema,
) -> Result<Plan, Error> {
    let platform = backend.platform().clone();
    let target = request.target.resolve(catalogue, location.revision.as_deref())?;
    let found = Drift::of(catalogue, &platform, live, location, target.as_deref())?;
    let is_due = location.revision != target;
    let expected = catalogue.state(location.revision.as_deref(), &platform)?;
    let repairs =
        |differences: &[Difference]| corrections::statements(backend, &expected, live, differences);
    let make = || match request.is_downgrade() {
        true => plan_downgrade_with_notes(catalogue, &platform, live, location, target.as_deref()),
        false => {
            plan_upgrade(catalogue, &platform, live, location, target.as_deref(), &request.data)
        }
    };
    let planned =
        found.refuse(location, is_due, request.accept_drift, repairs).and_then(|()| make());
    match planned {
        Ok(plan) => {
            tracing::info!(
                from = plan.from.label(),
                to = label(plan.to.as_deref()),
                steps = plan.steps.len(),
                "planned"
            );
            if request.step_by_step {
                refuse_prepared_otherwise(backend, catalogue, live, &plan)?;
            }
            refuse_irreversible(backend, &plan).await?;
            backend.measure_tables(&plan).await?;
            Ok(plan)
        }
        Err(mut refused @ (Error::Drift { .. } | Error::Edit { .. })) => {
            match &mut refused {
                Error::Drift { is_repairable, .. } => {
                    let repair = repair_plan(catalogue, &platform, live, location, false)?;
                    *is_repairable = repair.remaining.is_empty();
                }
                Error::Edit { source, remedies, .. } => {
                    *remedies = clashes::remedies(backend, live, source);
                }
                _ => {}
            }
            Err(wrong_stamp(catalogue, &platform, live, location)?.unwrap_or(refused))
        }
        Err(error) => Err(error),
    }
}

/// Refuses a prepared table that one revision at a time would find in its way.
fn refuse_prepared_otherwise(
    backend: &dyn Backend,
    catalogue: &Catalogue,
    live: &Schema,
    plan: &Plan,
) -> Result<(), Error> {
    match prepared_otherwise(catalogue, backend.platform(), live, plan)? {
        None => Ok(()),
        Some(table) => Err(Error::Unsupported {
            url: backend.name(),
            problem: format!(
                "table {table} is prepared as {} has it, and its own revision would create it \
                 otherwise; nothing was changed",
                label(plan.to.as_deref())
            ),
            remedy: "merge the revisions, or take the preparation back first".into(),
        }),
    }
}

/// Adds to a live schema the triggers of its revision that the user may not see.
///
/// A trigger that cannot be seen may exist, so it is no drift. What is missing is a privilege. With
/// these triggers in the plan, the preflight asks for it.
///
/// # Errors
/// If the database cannot be queried, or the catalogue contradicts itself.
pub(crate) async fn add_hidden_triggers(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    location: &Location,
    live: &mut Schema,
) -> Result<(), Error> {
    if location.empty {
        return Ok(());
    }
    let expected = catalogue.state(location.revision.as_deref(), backend.platform())?;
    let seems_to_lack = |table: &&Table| {
        let is_there = live.table(&table.name).is_some_and(|live| live.triggers.is_empty());
        is_there && !table.triggers.is_empty()
    };
    let lacking: Vec<&Table> = expected.tables.values().filter(seems_to_lack).collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = lacking.iter().map(|table| table.name.clone()).collect();
    let hidden = backend.hidden_triggers(&names).await?;
    for table in lacking.into_iter().filter(|table| hidden.contains(&table.name)) {
        if let Some(live) = live.tables.get_mut(&table.name) {
            live.triggers.clone_from(&table.triggers);
        }
    }
    Ok(())
}

/// Marks the indexes of a live schema that InnoDB made automatically at its revision.
///
/// Without its foreign key, such an index looks like any other. The server still drops it when
/// another index covers the key.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn mark_automatic_indexes(
    catalogue: &Catalogue,
    platform: &Platform,
    location: &Location,
    live: &mut Schema,
) -> Result<(), Error> {
    if !platform.is_mysql() || location.empty {
        return Ok(());
    }
    let expected = catalogue.state(location.revision.as_deref(), platform)?;
    for (name, table) in &mut live.tables {
        let Some(expected) = expected.table(name) else { continue };
        for index in &mut table.indexes {
            let is_same = |own: &&Index| own.name == index.name && own.content() == index.content();
            index.automatic |= index.definition.is_none()
                && !index.unique
                && expected.indexes.iter().find(is_same).is_some_and(|own| own.automatic);
        }
    }
    Ok(())
}
