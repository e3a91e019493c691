//! Leaves rows to a cleanup after the upgrade, or removes what an earlier upgrade has left.

use std::sync::Arc;

use super::{Plan, Step, TableChange, plan, plan_downgrade};
use crate::data::afterwards::{note, note_of};
use crate::data::{DataMigration, DataOptions};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::Action;
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table};

/// The rows that an upgrade has left, by the revision that removes them.
#[derive(Clone, Debug)]
pub(crate) struct PendingCleanup {
    pub(crate) revision: String,
    pub(crate) migration: Arc<dyn DataMigration>,
}

/// Returns what upgrades of a database have left to a cleanup.
///
/// A note counts from its revision on, and only in a schema that has what the rows were for. An older
/// MLflow reads the rows, and the version may be wrong.
pub(crate) fn pending_cleanups(
    catalogue: &Catalogue,
    platform: &Platform,
    location: &Location,
    live: &Schema,
) -> Vec<PendingCleanup> {
    let current = location.revision.as_deref();
    let mut pending = Vec::new();
    for revision in catalogue.graph.revisions() {
        let is_noted = live.table(&note_of(&revision.id)).is_some();
        if !is_noted || !catalogue.graph.is_ancestor(Some(&revision.id), current) {
            continue;
        }
        pending.extend(revision.actions(platform).filter_map(|action| match action {
            Action::Data(migration)
                if migration.afterwards().is_some() && migration.is_done(live) =>
            {
                let (revision, migration) = (revision.id.clone(), Arc::clone(migration));
                Some(PendingCleanup { revision, migration })
            }
            Action::Data(_) | Action::Schema(_) => None,
        }));
    }
    pending
}

/// Plans an upgrade, which leaves a cleanup for later or begins with what was left.
///
/// # Errors
/// As [`plan`].
pub(crate) fn plan_upgrade(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
    data: &DataOptions,
) -> Result<Plan, Error> {
    let planned = plan(catalogue, platform, live, from, to)?;
    if data.defers_cleanup {
        return Ok(deferred(planned, platform, live));
    }
    let pending = pending_cleanups(catalogue, platform, from, live);
    let revisions = pending.iter().map(|one| one.revision.clone()).collect();
    let removals = pending
        .into_iter()
        .map(|one| Step::Migrate { revision: one.revision, migration: one.migration });
    let steps = removals.chain(planned.steps).collect();
    Ok(without_notes(Plan { steps, ..planned }, live, revisions))
}

/// Plans a downgrade, which ends with the notes of the revisions that it undoes.
///
/// # Errors
/// As [`plan_downgrade`].
pub(crate) fn plan_downgrade_with_notes(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Plan, Error> {
    let planned = plan_downgrade(catalogue, platform, live, from, to)?;
    Ok(without_notes(planned, live, Vec::new()))
}

/// Returns the plan with notes in place of removals that can wait.
fn deferred(mut plan: Plan, platform: &Platform, live: &Schema) -> Plan {
    let mut steps = Vec::new();
    for step in std::mem::take(&mut plan.steps) {
        let afterwards = match &step {
            Step::Migrate { revision, migration } => {
                migration.afterwards().map(|afterwards| (revision.clone(), afterwards))
            }
            _ => None,
        };
        let Some((revision, afterwards)) = afterwards else {
            steps.push(step);
            continue;
        };
        if let Some(migration) = afterwards.at_once(platform) {
            steps.push(Step::Migrate { revision: revision.clone(), migration });
        }
        let mut after = note(&revision);
        after.settle();
        if live.table(&after.name).is_none() {
            plan.result.insert(after.clone());
            let revisions = vec![revision];
            steps.push(Step::Change(Box::new(TableChange { before: None, after, revisions })));
        }
    }
    plan.steps = steps;
    plan
}

/// Ends a plan with the removal of notes: of some revisions, and of those on its path.
fn without_notes(mut plan: Plan, live: &Schema, mut revisions: Vec<String>) -> Plan {
    revisions.extend(plan.revisions.iter().cloned());
    let tables = revisions.iter().filter_map(|revision| live.table(&note_of(revision)));
    let names: Vec<String> = tables.map(|table: &Table| table.name.clone()).collect();
    if !names.is_empty() {
        plan.result.tables.retain(|name, _| !names.contains(name));
        plan.steps.push(Step::RemoveLeftovers(names));
    }
    plan
}
