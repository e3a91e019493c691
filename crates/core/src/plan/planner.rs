//! Applies the actions of a path to the model, and makes steps of the edits.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Step, TableChange, foreign_keys, hoist, overtaken, requirements};
use crate::data::DataMigration;
use crate::error::Error;
use crate::history::catalogue::Catalogue;
use crate::history::location::LEFTOVER_PREFIX;
use crate::history::revision::{Action, Revision};
use crate::schema::Schema;
use crate::schema::op::Op;
use crate::schema::platform::{Dialect, Platform};

/// One action of a revision on the path.
pub(super) struct Due<'a> {
    revision: &'a str,
    /// The revision before, which the server can still reach if it lacks a feature of this one.
    before: Option<&'a str>,
    action: &'a Action,
}

impl<'a> Due<'a> {
    /// Returns every action of a path, in order.
    pub(super) fn of(
        path: &[&'a Revision],
        from: Option<&'a str>,
        platform: &'a Platform,
    ) -> Vec<Self> {
        let before = std::iter::once(from).chain(path.iter().map(|one| Some(one.id.as_str())));
        let actions = path.iter().zip(before).flat_map(|(revision, before)| {
            let actions = revision.actions(platform);
            actions.map(move |action| Due { revision: &revision.id, before, action })
        });
        actions.collect()
    }
}

/// The model on its way along a path, and the steps so far.
pub(super) struct Planner<'a> {
    platform: &'a Platform,
    /// The schema before a run of MLflow that may have stopped within the first revision.
    pub(super) stamped: Option<Schema>,
    /// The schema after the steps so far.
    before: Schema,
    /// The schema after the edits since the last step.
    pub(super) after: Schema,
    /// The tables edited since the last step, in the order of their first edit, with the revisions.
    pub(super) edited: Vec<(String, Vec<String>)>,
    pub(super) steps: Vec<Step>,
    pub(super) deferred: Vec<Step>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(platform: &'a Platform, live: &Schema, leftovers: &[String]) -> Self {
        let mut before = live.clone();
        before.tables.retain(|name, _| !leftovers.contains(name));
        let mut steps = Vec::new();
        if !leftovers.is_empty() {
            steps.push(Step::RemoveLeftovers(leftovers.to_vec()));
        }
        let after = before.clone();
        let (edited, deferred, stamped) = (Vec::new(), Vec::new(), None);
        Self { platform, stamped, before, after, edited, steps, deferred }
    }

    pub(super) fn follow(&mut self, path: &[Due<'_>], live: &Schema) -> Result<(), Error> {
        let mut made_early = BTreeSet::new();
        // The place after a data migration, which has settled its tables.
        let mut settled = None;
        for (place, due) in path.iter().enumerate() {
            match due.action {
                Action::Schema(_) if made_early.contains(&place) => {}
                Action::Schema(op) if self.is_overtaken(op, path, place, live) => {}
                Action::Schema(op) => self.edit(due.revision, due.before, op)?,
                Action::Data(migration)
                    if !migration.is_needed(live) || migration.is_done(&self.after) => {}
                Action::Data(migration) => {
                    let step = Step::Migrate {
                        revision: due.revision.to_owned(),
                        migration: Arc::clone(migration),
                    };
                    if migration.reads().is_empty() {
                        self.deferred.push(step);
                        continue;
                    }
                    let needed = self.needed_by(&**migration);
                    if settled != Some(place) {
                        self.edit_early(&path[place..], place, &needed, live, &mut made_early)?;
                    }
                    self.settle_edits(|table| needed.contains(table));
                    self.steps.push(step);
                    settled = Some(place + 1);
                }
            }
        }
        Ok(())
    }

    /// Returns whether an interrupted run of MLflow already added what an edit adds.
    ///
    /// The run can only have stopped within the first revision.
    fn is_overtaken(&self, op: &Op, path: &[Due<'_>], place: usize, live: &Schema) -> bool {
        let Some(stamped) = &self.stamped else { return false };
        let first = path.first().map(|due| due.revision);
        let same = path.iter().take_while(|due| Some(due.revision) == first);
        let later = same.enumerate().filter(|(at, _)| *at >= place);
        let mut later = later.filter_map(|(_, due)| match due.action {
            Action::Schema(op) => Some(&**op),
            Action::Data(_) => None,
        });
        later.next().is_some_and(|own| *own == *op)
            && overtaken::is_overtaken(op, later, stamped, live, self.platform)
    }

    /// Makes edits of later revisions early, in tables that are about to be settled.
    ///
    /// An edit that would affect a data migration waits, and so do later edits of the same table.
    /// `rest` begins at `place`.
    fn edit_early(
        &mut self,
        rest: &[Due<'_>],
        place: usize,
        needed: &BTreeSet<String>,
        live: &Schema,
        made_early: &mut BTreeSet<usize>,
    ) -> Result<(), Error> {
        let mut crossed = hoist::Crossed::default();
        let (mut possible, mut waiting) = (Vec::new(), BTreeSet::new());
        for (place, due) in (place..).zip(rest) {
            match due.action {
                Action::Schema(_) if made_early.contains(&place) => {}
                Action::Schema(op) if !needed.contains(op.table()) => {}
                Action::Schema(op) => {
                    let is_new = |table: &str| live.table(table).is_none();
                    if waiting.contains(op.table()) || !crossed.can_follow(op, is_new) {
                        waiting.insert(op.table());
                    } else {
                        possible.push((place, due, op));
                    }
                }
                Action::Data(migration) => crossed.add(&**migration),
            }
        }
        // A table that must change later anyway, and need not change now, changes only later.
        let is_edited = |table: &str| self.edited.iter().any(|(name, _)| name == table);
        possible.retain(|(_, _, op)| !waiting.contains(op.table()) || is_edited(op.table()));
        for (place, due, op) in possible {
            self.edit(due.revision, due.before, op)?;
            made_early.insert(place);
        }
        Ok(())
    }

    pub(super) fn edit(
        &mut self,
        revision: &str,
        before: Option<&str>,
        op: &Op,
    ) -> Result<(), Error> {
        requirements::refuse_what_the_server_lacks(op, self.platform, revision, before)?;
        self.after.apply(op, self.platform).map_err(|source| Error::edit(revision, source))?;
        self.mark_edited(op.table(), revision);
        Ok(())
    }

    /// Notes that an edit of a revision has changed a table.
    pub(super) fn mark_edited(&mut self, table: &str, revision: &str) {
        match self.edited.iter_mut().find(|(name, _)| name == table) {
            Some((_, revisions)) if revisions.iter().any(|known| known == revision) => {}
            Some((_, revisions)) => revisions.push(revision.to_owned()),
            None => self.edited.push((table.to_owned(), vec![revision.to_owned()])),
        }
    }

    /// Takes tables out of the model that steps of their own drop.
    pub(super) fn drop_tables(&mut self, is_dropped: impl Fn(&str) -> bool) {
        self.before.tables.retain(|name, _| !is_dropped(name));
        self.after.tables.retain(|name, _| !is_dropped(name));
        self.edited.retain(|(name, _)| !is_dropped(name));
    }

    /// Returns the tables that a data migration touches, and the tables that these reference.
    fn needed_by(&self, migration: &dyn DataMigration) -> BTreeSet<String> {
        let touched = migration.reads().iter().chain(migration.writes());
        self.with_referenced(touched.map(|(table, _)| *table).collect())
    }

    /// Returns the given tables, and every table that they reference.
    fn with_referenced(&self, tables: BTreeSet<&str>) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut pending: Vec<String> = tables.into_iter().map(ToOwned::to_owned).collect();
        while let Some(name) = pending.pop() {
            if let Some(table) = self.after.table(&name)
                && found.insert(name)
            {
                let referenced = table.foreign_keys.iter().map(|key| key.referred_table.clone());
                pending.extend(referenced);
            }
        }
        found
    }

    /// Turns the edits so far of some tables into steps.
    fn settle_edits(&mut self, is_due: impl Fn(&str) -> bool) {
        let mut due: BTreeSet<String> = self.edited.iter().map(|(name, _)| name.clone()).collect();
        due.retain(|name| is_due(name));
        let mut changes = self.changes(&due);
        if !self.platform.is_sqlite() {
            while self.add_blocking_tables(&changes, &mut due) {
                changes = self.changes(&due);
            }
            changes =
                foreign_keys::split_around_foreign_keys(&changes, &self.before, self.platform);
        }
        self.edited.retain(|(name, _)| !due.contains(name));
        for name in &due {
            let Some(after) = self.after.tables.get_mut(name) else { continue };
            after.settle();
            let after = after.clone();
            self.before.insert(after);
        }
        self.steps.extend(changes.into_iter().map(|change| Step::Change(Box::new(change))));
    }

    /// Returns the changes of some of the edited tables, in the order of their first edit.
    fn changes(&self, due: &BTreeSet<String>) -> Vec<TableChange> {
        let edited = self.edited.iter().filter(|(name, _)| due.contains(name));
        let changes = edited.filter_map(|(name, revisions)| {
            let before = self.before.tables.get(name).cloned();
            let after = self.after.tables.get(name)?.clone();
            let is_change = before.as_ref() != Some(&after);
            is_change.then(|| TableChange { before, after, revisions: revisions.clone() })
        });
        changes.collect()
    }

    /// Adds edited tables whose foreign keys block the changes, and returns whether it added any.
    fn add_blocking_tables(&self, changes: &[TableChange], due: &mut BTreeSet<String>) -> bool {
        let known = due.len();
        let is_edited = |table: &str| self.edited.iter().any(|(name, _)| name == table);
        let in_the_way = foreign_keys::blocking_tables(changes, &self.before, self.platform);
        due.extend(in_the_way.filter(|table| is_edited(table)).map(ToOwned::to_owned));
        due.len() > known
    }

    pub(super) fn finish(mut self) -> (Vec<Step>, Schema) {
        self.settle_edits(|_| true);
        self.steps.append(&mut self.deferred);
        (self.steps, self.after)
    }
}

/// Returns the tables that a killed run of MLflow left under Alembic's names for a rebuild.
///
/// Alembic rebuilds tables on SQLite only, and MLflow never rebuilds a user's table. If the
/// original table is gone, the leftover holds its rows, and is kept.
pub(super) fn leftovers(catalogue: &Catalogue, platform: &Platform, live: &Schema) -> Vec<String> {
    if platform.dialect != Dialect::Sqlite {
        return Vec::new();
    }
    let known = catalogue.table_names(platform);
    let is_leftover = |name: &&String| {
        let original = name.strip_prefix(LEFTOVER_PREFIX);
        original.is_some_and(|table| live.table(table).is_some() && known.contains(table))
    };
    live.tables.keys().filter(is_leftover).cloned().collect()
}
