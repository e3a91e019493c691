//! Plans around tables that exist as the plan itself would create them.
//!
//! `prepare` makes such tables while MLflow still runs. The edits of the path would not lead to
//! them: a table is created at once as later revisions have it. So the path is planned as if these
//! tables did not exist, and the steps that create them are left out.

use std::collections::BTreeSet;

use super::prepared_columns::plan_around as plan_around_columns;
use super::{Plan, Step, TableChange};
use crate::data::Beforehand;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table, differences};

/// Plans an upgrade of a schema, parts of which may be prepared.
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
    let mut aside = later_tables(catalogue, platform, live, from, to)?;
    while !aside.is_empty() {
        let mut others = live.clone();
        others.tables.retain(|name, _| !aside.contains(name));
        let Ok(planned) = plan_around_columns(catalogue, platform, &others, from, to) else {
            break;
        };
        let found = as_created(&planned, live, &aside, platform);
        if found == aside {
            return Ok(without_creations(planned, &found));
        }
        aside = found;
    }
    plan_around_columns(catalogue, platform, live, from, to)
}

/// Returns the tables that note what is filled already, once the steps have filled the rest.
pub(super) fn digests(steps: &[Step], live: &Schema) -> Vec<String> {
    let migrations = steps.iter().filter_map(|step| match step {
        Step::Migrate { migration, .. } => migration.beforehand(),
        Step::RemoveLeftovers(_) | Step::Change(_) | Step::DropTable(_) => None,
    });
    let tables = migrations.flat_map(Beforehand::tables);
    tables.filter(|table| table.is_filled(live)).map(|table| table.digests.to_owned()).collect()
}

/// Returns the tables of a live schema that the target has, and the revision lacks.
fn later_tables(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<BTreeSet<String>, Error> {
    if from.empty {
        return Ok(BTreeSet::new());
    }
    let earlier = catalogue.state(from.revision.as_deref(), platform)?;
    let later = catalogue.state(to, platform)?;
    let is_later = |name: &&String| later.table(name).is_some() && earlier.table(name).is_none();
    Ok(live.tables.keys().filter(is_later).cloned().collect())
}

/// Returns which of some tables are in the live schema exactly as the plan creates them.
fn as_created(
    plan: &Plan,
    live: &Schema,
    tables: &BTreeSet<String>,
    platform: &Platform,
) -> BTreeSet<String> {
    let mut created = live.clone();
    for change in plan.changes().filter(|change| is_creation_of(tables, change)) {
        created.insert(change.after.clone());
    }
    let differing: BTreeSet<String> =
        differences(&created, live, platform).into_iter().map(|one| one.table).collect();
    let creations = plan.changes().filter(|change| is_creation_of(tables, change));
    let names = creations.map(|change| change.after.name.clone());
    names.filter(|name| !differing.contains(name)).collect()
}

fn is_creation_of(tables: &BTreeSet<String>, change: &TableChange) -> bool {
    change.before.is_none() && tables.contains(&change.after.name)
}

fn without_creations(mut plan: Plan, tables: &BTreeSet<String>) -> Plan {
    let is_done = |step: &Step| match step {
        Step::Change(change) => is_creation_of(tables, change),
        Step::RemoveLeftovers(_) | Step::DropTable(_) | Step::Migrate { .. } => false,
    };
    let (done, steps): (Vec<Step>, Vec<Step>) = plan.steps.into_iter().partition(is_done);
    plan.steps = steps;
    let tables = done.into_iter().filter_map(|step| match step {
        Step::Change(change) => Some(change.after),
        Step::RemoveLeftovers(_) | Step::DropTable(_) | Step::Migrate { .. } => None,
    });
    plan.prepared = tables.collect();
    plan.prepared.iter_mut().for_each(Table::settle);
    plan
}
