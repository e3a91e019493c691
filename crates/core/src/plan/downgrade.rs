//! Plans the steps that lead from a live schema back to an older revision.
//!
//! The catalogue has the schema before and after each revision. The planner undoes their
//! differences, the newest revision first, in the model of the live schema. So what the user has
//! added stays. Tables of undone revisions are dropped as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::inverse::undo;
use super::planner::{Planner, leftovers};
use super::undone::Undone;
use super::{DroppedTable, Plan, Step, TableChange};
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::Location;
use crate::history::revision::{Action, Revision};
use crate::schema::op::{Op, TableEdit};
use crate::schema::platform::Platform;
use crate::schema::{EditError, ForeignKey, Index, Schema, Table};

/// Plans the downgrade from a live schema to an older revision.
///
/// # Errors
/// If the target follows the current revision, or the live schema lacks what a
/// revision has made.
pub fn plan_downgrade(
    catalogue: &Catalogue,
    platform: &Platform,
    live: &Schema,
    from: &Location,
    to: Option<&str>,
) -> Result<Plan, Error> {
    let current = from.revision.as_deref();
    let path = catalogue.path_back(current, to)?;
    let states: BTreeMap<Option<String>, Schema> =
        catalogue.states(platform)?.into_iter().collect();
    let state = |id: Option<&str>| {
        let found = states.get(&id.map(ToOwned::to_owned)).cloned();
        found.map_or_else(|| catalogue.state(id, platform), Ok)
    };
    let target = state(to)?;
    let mut dropped: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut planner = Planner::new(platform, live, &leftovers(catalogue, platform, live));
    let mut undone = Undone::default();
    let mut rest = path.as_slice();
    while let Some((last, earlier)) = rest.split_last() {
        rest = earlier;
        let before = state(earlier.last().map(|one| one.id.as_str()).or(to))?;
        let mut after = state(Some(&last.id))?;
        undone.add(last, platform, &before, &after);
        for table in after.tables.keys().filter(|name| before.table(name).is_none()) {
            if target.table(table).is_none() {
                dropped.entry(table.clone()).or_default().push(last.id.clone());
            }
        }
        undo_renames(&mut planner, last, &mut after, platform, &target)?;
        for (name, after) in &after.tables {
            let Some(before) = before.table(name).filter(|_| target.table(name).is_some()) else {
                continue;
            };
            if before != after {
                undo_changes(&mut planner, last, before, after)?;
            }
        }
    }
    planner.drop_tables(|name| dropped.contains_key(name));
    let (changes, result) = planner.finish();
    let changes = changes.into_iter().flat_map(|step| around_the_servers_indexes(step, platform));
    let states = [state(current)?, target];
    let (first, last) = drops(live, &dropped, &states[0]);
    let steps = first.into_iter().chain(changes).chain(last).collect();
    let revisions = path.iter().rev().map(|revision| revision.id.clone()).collect();
    let (to, prepared) = (to.map(ToOwned::to_owned), Vec::new());
    Ok(Plan { from: from.clone(), to, revisions, steps, result, prepared, states, undone })
}

/// Gives renamed columns their former names, in the planner's model and in the state.
fn undo_renames(
    planner: &mut Planner<'_>,
    undone: &Revision,
    after: &mut Schema,
    platform: &Platform,
    target: &Schema,
) -> Result<(), Error> {
    for action in undone.actions(platform) {
        let Action::Schema(op) = action else { continue };
        let Op::Alter { table, edit: TableEdit::RenameColumn { from, to } } = &**op else {
            continue;
        };
        if target.table(table).is_none() {
            continue;
        }
        let edit = TableEdit::RenameColumn { from: to.clone(), to: from.clone() };
        let back = Op::Alter { table: table.clone(), edit };
        planner.edit(&undone.id, None, &back)?;
        after.apply(&back, platform).map_err(|source| Error::edit(&undone.id, source))?;
    }
    after.settle();
    Ok(())
}

/// Undoes the other changes of a table.
fn undo_changes(
    planner: &mut Planner<'_>,
    undone: &Revision,
    before: &Table,
    after: &Table,
) -> Result<(), Error> {
    let missing = || EditError::MissingTable { table: after.name.clone() };
    let live = planner.after.tables.get_mut(&after.name);
    let live = live.ok_or_else(|| Error::edit(&undone.id, missing()))?;
    undo(live, before, after);
    planner.mark_edited(&after.name, &undone.id);
    Ok(())
}

/// Splits a change whose target has an index that only InnoDB can make, beside its foreign key.
///
/// InnoDB made the index for the foreign key, and dropped the index when another one covered the
/// key. The index is InnoDB's own again only if InnoDB makes it together with the foreign key.
fn around_the_servers_indexes(step: Step, platform: &Platform) -> Vec<Step> {
    let Step::Change(change) = step else { return vec![step] };
    let TableChange { before: Some(before), after, revisions } = &*change else {
        return vec![Step::Change(change)];
    };
    let is_made = |index: &&Index| {
        index.automatic && before.indexes.iter().all(|known| known.name != index.name)
    };
    let made: Vec<&Index> = after.indexes.iter().filter(is_made).collect();
    if made.is_empty() || !platform.is_mysql() {
        return vec![Step::Change(change)];
    }
    let mut without = after.clone();
    without.indexes.retain(|index| made.iter().all(|made| made.name != index.name));
    let needs = |key: &ForeignKey, made: &Index| made.column_names().eq(key.columns.iter());
    without.foreign_keys.retain(|key| !made.iter().any(|made| needs(key, made)));
    let mut between = without.clone();
    between.settle();
    let mut last = after.clone();
    last.settle();
    let step = |before: &Table, after: Table| {
        let (before, revisions) = (Some(before.clone()), revisions.clone());
        Step::Change(Box::new(TableChange { before, after, revisions }))
    };
    vec![step(before, without), step(&between, last)]
}

/// Returns the steps that drop tables, a referencing table before the one that it references.
///
/// The second list comes after all changes, since tables that stay reference its tables until then.
fn drops(
    live: &Schema,
    dropped: &BTreeMap<String, Vec<String>>,
    current: &Schema,
) -> (Vec<Step>, Vec<Step>) {
    let held = held_tables(live, dropped);
    let mut rest: Vec<&Table> = dropped.keys().filter_map(|name| live.table(name)).collect();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    while !rest.is_empty() {
        let is_free = |table: &&Table| rest.iter().all(|other| !references(other, &table.name));
        let place = rest.iter().position(is_free).unwrap_or_default();
        let table = rest.remove(place);
        let revisions = dropped.get(&table.name).cloned().unwrap_or_default();
        let triggers = current.table(&table.name).into_iter().flat_map(|own| &own.triggers);
        let triggers = triggers.map(|trigger| trigger.name.clone()).collect();
        let step = DroppedTable { table: table.clone(), revisions, triggers };
        let step = Step::DropTable(Box::new(step));
        if held.contains(table.name.as_str()) { last.push(step) } else { first.push(step) }
    }
    (first, last)
}

/// Returns the dropped tables that a staying table references, directly or through others.
fn held_tables<'a>(live: &Schema, dropped: &'a BTreeMap<String, Vec<String>>) -> BTreeSet<&'a str> {
    let mut held: BTreeSet<&str> = BTreeSet::new();
    loop {
        let is_held = |name: &&String| {
            live.tables.values().any(|table| {
                let stays = !dropped.contains_key(&table.name);
                references(table, name) && (stays || held.contains(table.name.as_str()))
            })
        };
        let next = dropped.keys().find(|name| !held.contains(name.as_str()) && is_held(name));
        let Some(next) = next else { return held };
        held.insert(next);
    }
}

fn references(table: &Table, name: &str) -> bool {
    table.name != name && table.foreign_keys.iter().any(|key| key.referred_table == name)
}
