//! Plans the rest of a target's schema, of which some tables exist already.
//!
//! A program that creates the tables of MLflow's newest release, and is interrupted, leaves some of
//! them. The edits from the base schema do not lead to such a schema, but no existing table has to
//! be edited.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Plan, Step, plan_edits};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::Action;
use crate::schema::platform::Platform;
use crate::schema::{DifferenceKind, Schema, differences};

/// Plans from an empty database to a target around tables of the target that exist.
///
/// `None` if no such table exists, or a table differs from the target's.
///
/// # Errors
/// As [`super::plan`].
pub(super) fn plan_around(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Option<Plan>, Error> {
    let target = catalogue.state(to, platform)?;
    let is_there = |name: &String| live.table(name).is_some();
    let made: BTreeSet<&String> = target.tables.keys().filter(|name| is_there(name)).collect();
    let differs = differences(&target, live, platform)
        .iter()
        .any(|one| one.kind != DifferenceKind::Extra && is_there(&one.table));
    if made.is_empty() || differs {
        return Ok(None);
    }
    let mut others = live.clone();
    others.tables.retain(|name, _| !made.contains(name));
    let mut plan = plan_edits(catalogue, platform, &others, from, to)?;
    let path = catalogue.graph.path(None, to).unwrap_or_default();
    plan.steps.retain(|step| match step {
        Step::Change(change) => !made.contains(&change.after.name),
        Step::RemoveLeftovers(_) | Step::DropTable(_) | Step::Migrate { .. } => true,
    });
    // Keeps data migrations that read an existing table and fill a new one.
    for (revision, action) in
        path.iter().flat_map(|one| one.actions(platform).map(move |action| (one, action)))
    {
        let Action::Data(migration) = action else { continue };
        let reads = migration.reads().iter().any(|(table, _)| live.table(table).is_some());
        let writes = migration.writes().iter().any(|(table, _)| live.table(table).is_none());
        if reads && writes && migration.is_needed(live) {
            let migration = Arc::clone(migration);
            plan.steps.push(Step::Migrate { revision: revision.id.clone(), migration });
        }
    }
    for table in made.iter().filter_map(|name| live.table(name)) {
        plan.result.insert(table.clone());
    }
    Ok(Some(plan))
}

/// Adds the missing tables of the base schema to a live schema that has some of them.
///
/// A data migration finds the added tables when it runs.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(super) fn completed(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
) -> Result<Schema, Error> {
    let mut completed = live.clone();
    if catalogue.base.iter().any(|table| live.table(&table.name).is_some()) {
        for (name, table) in catalogue.state(None, platform)?.tables {
            completed.tables.entry(name).or_insert(table);
        }
    }
    Ok(completed)
}
