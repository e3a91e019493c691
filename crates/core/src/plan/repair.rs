//! Plans the steps from a live schema to the same schema without its differences.

use std::sync::Arc;

use super::planner::{Planner, leftovers};
use super::{Plan, Step, Undone};
use crate::data::DataMigration;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::schema::Schema;
use crate::schema::platform::Platform;

/// What a repair has to reach.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// The live schema without the differences to repair.
    pub(crate) schema: Schema,
    /// The data migration whose rows are computed again, with its revision.
    pub(crate) migration: Option<(String, Arc<dyn DataMigration>)>,
}

/// Plans a repair, which ends at the revision where it begins.
///
/// Rows are computed first, since new constraints may refuse the wrong ones. A table that does not
/// exist yet has to be created before.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn plan_repair(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    wanted: Wanted,
) -> Result<Plan, Error> {
    let revision = from.revision.as_deref();
    let mut planner = Planner::new(platform, live, &leftovers(catalogue, platform, live));
    let Wanted { schema, migration } = wanted;
    for (name, table) in schema.tables {
        if planner.after.table(&name).is_some() || live.table(&name).is_none() {
            planner.edited.push((name, Vec::new()));
            planner.after.insert(table);
        }
    }
    if let Some((revision, migration)) = migration {
        let is_new = |table: &str| live.table(table).is_none();
        let creates = migration.writes().iter().any(|(table, _)| is_new(table));
        let step = Step::Migrate { revision, migration };
        if creates { planner.deferred.push(step) } else { planner.steps.push(step) }
    }
    let (steps, result) = planner.finish();
    let states = [catalogue.state(revision, platform)?, catalogue.state(revision, platform)?];
    let to = from.revision.clone();
    let (revisions, prepared) = (Vec::new(), Vec::new());
    let undone = Undone::default();
    Ok(Plan { from: from.clone(), to, revisions, steps, result, prepared, states, undone })
}
