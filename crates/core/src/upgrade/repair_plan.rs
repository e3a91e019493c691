//! Decides which differences of a live schema a repair removes, and plans the steps.
//!
//! The same live schema gives the same plan, so an interrupted repair is resumed like an upgrade.

use std::sync::Arc;

use crate::data::DataMigration;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::Action;
use crate::locate::drift::{Weight, is_same_in_use, weigh};
use crate::locate::{drift, mlflow_partial_run};
use crate::plan::{Plan, Wanted, plan_repair};
use crate::schema::op::Op;
use crate::schema::platform::Platform;
use crate::schema::{Difference, DifferenceKind, Index, Schema, Table};
use crate::upgrade::corrections::correct_soundly;
use crate::upgrade::verification::{LATEST, writes};

/// The steps of a repair, and what they repair.
#[derive(Debug)]
pub(crate) struct RepairPlan {
    pub(crate) plan: Plan,
    /// The differences that the steps remove.
    pub(crate) repaired: Vec<Difference>,
    /// The drift that no step removes.
    pub(crate) remaining: Vec<Difference>,
}

/// Plans the repair of a live schema, and of `latest_metrics` if its rows are wrong.
///
/// # Errors
/// If the catalogue contradicts itself.
pub(crate) fn repair_plan(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    is_latest_wrong: bool,
) -> Result<RepairPlan, Error> {
    let mut all = drift(catalogue, platform, live, from)?;
    // What MLflow's own upgrade has begun, only an upgrade can finish.
    if let Some(partial) = mlflow_partial_run::recognise(catalogue, platform, live, from, &all)? {
        all.retain(|difference| !partial.explains(difference));
    }
    let state = catalogue.state(from.revision.as_deref(), platform)?;
    let mut corrected = Corrected { platform, state: &state, live, schema: live.clone() };
    let (mut repaired, mut remaining) = (Vec::new(), Vec::new());
    for (weight, difference) in weigh(all.clone(), platform) {
        let is_due = match weight {
            Weight::Extra => false,
            Weight::Harmless => is_gone(&difference, &all),
            Weight::Drift | Weight::Fatal => true,
        };
        if is_due && corrected.correct(&difference)? {
            repaired.push(difference);
        } else if is_due && weight != Weight::Harmless {
            remaining.push(difference);
        }
    }
    corrected.settle();
    let is_new = live.table(LATEST).is_none() && corrected.schema.table(LATEST).is_some();
    let migration =
        if is_latest_wrong || is_new { latest_metrics(catalogue, platform) } else { None };
    let wanted = Wanted { schema: corrected.schema, migration };
    let plan = plan_repair(catalogue, platform, live, from, wanted)?;
    Ok(RepairPlan { plan, repaired, remaining })
}

/// Returns whether an object is missing that no other object in use stands for.
fn is_gone(difference: &Difference, all: &[Difference]) -> bool {
    let mut extra = all
        .iter()
        .filter(|other| other.kind == DifferenceKind::Extra && other.table == difference.table);
    difference.kind == DifferenceKind::Missing
        && !extra.any(|other| is_same_in_use(&other.object, &difference.object))
}

/// Returns the data migration that fills `latest_metrics`, with its revision.
fn latest_metrics(
    catalogue: &Catalogue,
    platform: &Platform,
) -> Option<(String, Arc<dyn DataMigration>)> {
    catalogue.graph.revisions().iter().find_map(|revision| {
        revision.actions(platform).find_map(|action| match action {
            Action::Data(migration) if writes(&**migration, LATEST) => {
                Some((revision.id.clone(), Arc::clone(migration)))
            }
            Action::Data(_) | Action::Schema(_) => None,
        })
    })
}

/// A live schema that loses its differences one by one.
struct Corrected<'a> {
    platform: &'a Platform,
    state: &'a Schema,
    live: &'a Schema,
    schema: Schema,
}

impl Corrected<'_> {
    /// Removes a difference if that is sound, and returns whether it did.
    fn correct(&mut self, difference: &Difference) -> Result<bool, Error> {
        let Some(wanted) = self.state.table(&difference.table) else { return Ok(false) };
        let Some(table) = self.schema.tables.get_mut(&difference.table) else {
            return self.create(wanted);
        };
        Ok(correct_soundly(table, difference, wanted, (self.live, self.platform)))
    }

    /// Creates `latest_metrics`, the only table whose rows follow from others.
    fn create(&mut self, wanted: &Table) -> Result<bool, Error> {
        let is_there = |name: &str| self.live.table(name).is_some();
        if wanted.name != LATEST || !is_there("metrics") || !is_there("runs") {
            return Ok(false);
        }
        let op = Op::CreateTable(wanted.clone());
        self.schema.apply(&op, self.platform).map_err(|source| Error::edit("base", source))?;
        Ok(true)
    }

    /// Follows what the server makes of the corrected tables.
    ///
    /// InnoDB makes the index of a foreign key automatically. Without the foreign key, an index
    /// that MLflow's history has left is an ordinary one.
    fn settle(&mut self) {
        if !self.platform.is_mysql() {
            return;
        }
        for table in self.schema.tables.values_mut() {
            let is_changed = self.live.table(&table.name) != Some(table);
            if !is_changed {
                continue;
            }
            let known = self.live.table(&table.name).map_or(&[][..], |live| &live.indexes);
            let is_new = |index: &Index| known.iter().all(|one| one.name != index.name);
            let made: Vec<Index> =
                table.indexes.extract_if(.., |index| index.automatic && is_new(index)).collect();
            table.follow_innodb();
            for index in made {
                let columns: Vec<&str> = index.column_names().collect();
                let is_made = table.indexes.iter().any(|one| one.name == index.name);
                if !is_made && !table.is_covered(&columns) {
                    table.indexes.push(Index { automatic: false, ..index });
                }
            }
        }
    }
}
