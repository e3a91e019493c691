//! Plans the steps that lead from a live schema along a path of revisions.
//!
//! Edits of a table that no data migration separates are applied to the model together, so that the
//! table is changed only once. A data migration separates the edits of the tables that it reads and
//! writes, and of the tables that these reference. Edits of other tables can wait, and edits that
//! do not affect the migration are made early (`hoist`). A data migration whose tables do not exist
//! yet has nothing to do. A data migration that reads nothing runs at the end. So an empty database
//! gets the schema of its target at once. A column that the path adds and drops is left out, if
//! no data migration needs it.

mod change;
mod cleanup;
mod dependents;
mod downgrade;
mod foreign_keys;
mod half_created;
mod hoist;
mod inverse;
mod lock;
mod name_clashes;
mod overtaken;
mod ownership;
mod planner;
mod prepared;
mod prepared_columns;
pub(crate) mod references;
mod repair;
mod requirements;
pub mod row_checks;
mod step_by_step;
mod undone;
mod unused_columns;

use crate::error::Error;
use std::sync::Arc;

use crate::data::{DataMigration, afterwards, beforehand};
use crate::event::StepKind;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table};

pub use change::{ChangePlan, TableChange, indexes_of};
pub(crate) use cleanup::{
    PendingCleanup, pending_cleanups, plan_downgrade_with_notes, plan_upgrade,
};
pub use dependents::Ending;
pub use downgrade::plan_downgrade;
pub(crate) use foreign_keys::is_blocked_by;
pub use lock::{RESERVED, TableLock, Waiting, of_dropped, of_migration, strongest};
pub(crate) use name_clashes::free_name;
pub use name_clashes::{NameKind, TakenName};
use planner::{Due, Planner, leftovers};
pub use references::OutsideReference;
pub(crate) use repair::{Wanted, plan_repair};
pub(crate) use step_by_step::prepared_otherwise;
pub use step_by_step::step_by_step;
pub(crate) use undone::Undone;

/// One step of a plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// Removes tables that an interrupted Alembic run has left behind, or notes that were needed.
    RemoveLeftovers(Vec<String>),
    /// Changes or creates a table.
    Change(Box<TableChange>),
    /// Drops a table that the target does not have.
    DropTable(Box<DroppedTable>),
    /// Changes rows.
    Migrate {
        /// The revision of the data migration.
        revision: String,
        /// The data migration.
        migration: Arc<dyn DataMigration>,
    },
}

impl Step {
    /// Returns a short description of the step.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::RemoveLeftovers(tables) => {
                format!("remove leftovers of {}: {}", left_by(tables), tables.join(", "))
            }
            Self::Change(change) if change.before.is_none() => {
                format!("create table {}", change.after.name)
            }
            Self::Change(change) => format!("change table {}", change.after.name),
            Self::DropTable(dropped) => format!("drop table {}", dropped.table.name),
            Self::Migrate { migration, .. } => migration.title().to_owned(),
        }
    }

    /// Returns the kind of the step.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match self {
            Self::RemoveLeftovers(_) => StepKind::RemoveLeftovers,
            Self::Change(change) if change.before.is_none() => StepKind::CreateTable,
            Self::Change(_) => StepKind::ChangeTable,
            Self::DropTable(_) => StepKind::DropTable,
            Self::Migrate { .. } => StepKind::DataMigration,
        }
    }

    /// Returns the revisions that the step serves.
    #[must_use]
    pub fn revisions(&self) -> &[String] {
        match self {
            Self::RemoveLeftovers(_) => &[],
            Self::Change(change) => &change.revisions,
            Self::DropTable(dropped) => &dropped.revisions,
            Self::Migrate { revision, .. } => std::slice::from_ref(revision),
        }
    }
}

/// Returns what has left some tables behind, in words.
fn left_by(tables: &[String]) -> &'static str {
    let are_all = |is_one: fn(&str) -> bool| tables.iter().all(|table| is_one(table));
    if are_all(|table| table.starts_with(beforehand::PREFIX)) {
        "a preparation"
    } else if are_all(afterwards::is_note) {
        "an upgrade without its cleanup"
    } else {
        "an interrupted upgrade"
    }
}

/// A table that a downgrade drops.
#[derive(Clone, Debug, PartialEq)]
pub struct DroppedTable {
    /// The table as it is.
    pub table: Table,
    /// The revisions that created the table.
    pub revisions: Vec<String>,
    /// The names of MLflow's own triggers of the table.
    pub triggers: Vec<String>,
}

/// The steps of an upgrade or a downgrade, in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The revision of the database.
    pub from: Location,
    /// The target revision; `None` is the base schema.
    pub to: Option<String>,
    /// The pending revisions, in order; those of a downgrade, the newest first.
    pub revisions: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The schema after the last step.
    pub result: Schema,
    /// The tables that exist already as the upgrade would create them, in the order of creation.
    pub prepared: Vec<Table>,
    /// The schemas of both revisions, as MLflow makes them.
    pub(crate) states: [Schema; 2],
    /// What the undone revisions of a downgrade declare.
    pub(crate) undone: Undone,
}

impl Plan {
    /// Returns the data migrations that have something to do.
    pub fn migrations(&self) -> impl Iterator<Item = (&str, &Arc<dyn DataMigration>)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Migrate { revision, migration } => Some((revision.as_str(), migration)),
            Step::RemoveLeftovers(_) | Step::Change(_) | Step::DropTable(_) => None,
        })
    }

    /// Returns the tables that a downgrade drops.
    pub fn dropped_tables(&self) -> impl Iterator<Item = &Table> {
        self.steps.iter().filter_map(|step| match step {
            Step::DropTable(dropped) => Some(&dropped.table),
            Step::RemoveLeftovers(_) | Step::Change(_) | Step::Migrate { .. } => None,
        })
    }

    /// Returns the table changes.
    pub fn changes(&self) -> impl Iterator<Item = &TableChange> {
        self.steps.iter().filter_map(|step| match step {
            Step::Change(change) => Some(&**change),
            Step::RemoveLeftovers(_) | Step::DropTable(_) | Step::Migrate { .. } => None,
        })
    }

    /// Returns the existing tables that gain a foreign key.
    ///
    /// Only in these tables can an upgrade break a reference, since it copies every row of a table
    /// that it rewrites.
    #[must_use]
    pub fn tables_with_new_foreign_keys(&self) -> Vec<String> {
        let is_affected = |change: &&TableChange| {
            let known = change.before.as_ref().map(|before| &before.foreign_keys);
            known.is_some_and(|known| {
                change.after.foreign_keys.iter().any(|key| !known.contains(key))
            })
        };
        let mut names: Vec<String> =
            self.changes().filter(is_affected).map(|change| change.after.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Returns whether the plan has nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let has_rows_to_remove = self.migrations().next().is_some();
        let is_at_target = !self.from.empty && self.from.revision == self.to;
        self.revisions.is_empty() && is_at_target && !has_rows_to_remove
    }
}

/// Plans the upgrade from a live schema to a revision.
///
/// # Errors
/// If the target does not follow the current revision, or the live schema lacks what a revision
/// needs.
pub fn plan(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Plan, Error> {
    match prepared::plan_around(catalogue, platform, live, from, to) {
        Err(refused @ Error::Edit { .. }) if from.empty => {
            let around = half_created::plan_around(catalogue, platform, live, from, to)?;
            around.ok_or(refused)
        }
        planned => planned,
    }
}

/// Plans the steps as the edits of the path need them.
///
/// # Errors
/// As [`plan`].
fn plan_edits(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Plan, Error> {
    let path = catalogue.path(from.revision.as_deref(), to)?;
    let revisions = path.iter().map(|revision| revision.id.clone()).collect();
    let mut planner = Planner::new(platform, live, &leftovers(catalogue, platform, live));
    if !platform.transactional_ddl && !from.empty {
        planner.stamped = Some(catalogue.state(from.revision.as_deref(), platform)?);
    }
    if from.empty {
        for op in catalogue.base_ops() {
            planner.edit("base", None, &op)?;
        }
    }
    let known =
        if from.empty { half_created::completed(catalogue, platform, live)? } else { live.clone() };
    planner.follow(&Due::of(&path, from.revision.as_deref(), platform), &known)?;
    let (mut steps, mut result) = planner.finish();
    unused_columns::leave_out(&mut steps, &path, &known, platform);
    let digests = prepared::digests(&steps, live);
    if !digests.is_empty() {
        result.tables.retain(|name, _| !digests.contains(name));
        steps.push(Step::RemoveLeftovers(digests));
    }
    let states =
        [catalogue.state(from.revision.as_deref(), platform)?, catalogue.state(to, platform)?];
    let to = to.map(ToOwned::to_owned);
    let prepared = Vec::new();
    let undone = Undone::default();
    Ok(Plan { from: from.clone(), to, revisions, steps, result, prepared, states, undone })
}
