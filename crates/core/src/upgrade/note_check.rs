//! Refuses the note of an unfinished upgrade that another program or a person has changed.
//!
//! Every user with write access to the database can change the note. The upgrade may be finished by
//! an administrator, with more privileges. So no malformed text of a note becomes part of a
//! statement. Every text that a statement would add must be plain, or stand in the live database,
//! or be MLflow's. A trigger runs with the privileges of its definer, so only MLflow's own triggers
//! are created.

use std::collections::BTreeSet;

use crate::backend::Backend;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::plan::{Plan, Step};
use crate::schema::platform::Platform;
use crate::schema::{RawText, Schema, Table};
use crate::upgrade::forged_note::{forged, shown};
use crate::upgrade::journal::Journal;

/// The direction: whether an unfinished upgrade is resumed or rolled back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Resume,
    RollBack,
}

/// Returns the plan that follows from a note.
///
/// # Errors
/// If the note is not one that this program has written.
pub(crate) async fn trusted_plan(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    journal: &Journal,
    direction: Direction,
) -> Result<Plan, Error> {
    let platform = backend.platform().clone();
    for revision in [journal.from.revision.as_deref(), journal.to.as_deref()].into_iter().flatten()
    {
        if catalogue.graph.get(revision).is_none() {
            return Err(forged(backend.name(), &format!("revision {}", shown(revision))));
        }
    }
    let mut plan = journal.plan(catalogue, &platform)?;
    if journal.done > plan.steps.len() {
        let problem = format!("{} steps of {} are done", journal.done, plan.steps.len());
        return Err(forged(backend.name(), &problem));
    }
    let now = backend.inspect().await?;
    let mut known = Known::of(&now);
    if let Some(problem) = known.refuse_malformed(&journal.live) {
        return Err(forged(backend.name(), &problem));
    }
    known.add_states(catalogue, &platform)?;
    let (first, last) = match direction {
        Direction::Resume => (journal.done, plan.steps.len()),
        Direction::RollBack => (0, plan.steps.len().min(journal.done + 1)),
    };
    for step in plan.steps.iter_mut().take(last).skip(first) {
        let Some(table) = made(step, direction) else { continue };
        if let Some(problem) = known.refuse(table, &now) {
            return Err(forged(backend.name(), &problem));
        }
        // A user's trigger exists already and stays. It may be gone when the table is changed.
        table.triggers.retain(|trigger| known.triggers.contains(&trigger.definition));
    }
    Ok(plan)
}

/// Returns the table that a step makes.
fn made(step: &mut Step, direction: Direction) -> Option<&mut Table> {
    match (step, direction) {
        (Step::Change(change), Direction::Resume) => Some(&mut change.after),
        (Step::Change(change), Direction::RollBack) => change.before.as_mut(),
        (Step::DropTable(dropped), Direction::RollBack) => Some(&mut dropped.table),
        _ => None,
    }
}

/// The texts and triggers that a statement may add.
struct Known {
    texts: BTreeSet<String>,
    triggers: BTreeSet<String>,
}

impl Known {
    fn of(now: &Schema) -> Self {
        let mut known = Self { texts: BTreeSet::new(), triggers: BTreeSet::new() };
        now.tables.values().for_each(|table| known.add(table));
        known
    }

    fn add_states(&mut self, catalogue: &Catalogue, platform: &Platform) -> Result<(), Error> {
        let states = catalogue.states(platform)?;
        for table in states.iter().flat_map(|(_, state)| state.tables.values()) {
            self.triggers.extend(table.triggers.iter().map(|it| it.definition.clone()));
            self.add(table);
        }
        Ok(())
    }

    fn add(&mut self, table: &Table) {
        self.texts.extend(table.raw_texts().iter().map(|(_, text)| text.text().to_owned()));
    }

    /// Returns a malformed text of the note that no live table has either.
    fn refuse_malformed(&self, noted: &Schema) -> Option<String> {
        let collation = noted.collation.as_deref().map(RawText::Collation);
        let collation = collation.filter(|collation| !collation.is_well_formed());
        let is_wrong =
            |text: &RawText<'_>| !text.is_well_formed() && !self.texts.contains(text.text());
        collation
            .map(|collation| format!("collation {}", shown(collation.text())))
            .or_else(|| noted.tables.values().find_map(|table| unlike(table, is_wrong)))
    }

    fn refuse(&self, table: &Table, now: &Schema) -> Option<String> {
        let is_there = |name: &str| {
            let live = now.table(&table.name);
            live.is_some_and(|live| live.triggers.iter().any(|trigger| trigger.name == name))
        };
        let mut triggers = table.triggers.iter();
        let trigger = triggers
            .find(|it| !self.triggers.contains(&it.definition) && !is_there(&it.name))
            .map(|it| {
                format!("table {}: trigger {}: {}", table.name, it.name, shown(&it.definition))
            });
        trigger
            .or_else(|| unlike(table, |text| !text.is_plain() && !self.texts.contains(text.text())))
    }
}

/// Returns the first wrong text of a table.
fn unlike(table: &Table, is_wrong: impl Fn(&RawText<'_>) -> bool) -> Option<String> {
    let texts = table.raw_texts();
    let (object, text) = texts.iter().find(|(_, text)| is_wrong(text))?;
    let object = if object.is_empty() { String::new() } else { format!(" {object}:") };
    Some(format!("table {}:{object} {}", table.name, shown(text.text())))
}
