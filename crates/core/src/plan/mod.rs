//! From a live schema and a path to the steps that lead along it.
//!
//! Edits of a table that no data migration separates are applied to the model together, so that
//! the table is changed once for all of them. A data migration separates the edits of the tables
//! that it reads and writes, and of those that they reference; what it does not touch can wait. One
//! whose tables do not exist yet has nothing to do, and one that reads nothing runs at the end. So
//! an empty database gets the schema of its target at once.

mod foreign_keys;
mod limit;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::backend::TableChange;
use crate::catalogue::Catalogue;
use crate::data::DataMigration;
use crate::error::Error;
use crate::locate::{LEFTOVER_PREFIX, Location};
use crate::op::Op;
use crate::platform::Platform;
use crate::revision::Action;
use crate::schema::Schema;

/// One step of a plan.
#[derive(Clone, Debug)]
pub enum Step {
    /// Tables that an interrupted Alembic run has left behind are removed.
    RemoveLeftovers(Vec<String>),
    /// A table becomes different.
    Change(Box<TableChange>),
    /// Rows change.
    Migrate {
        /// The revision whose data migration it is.
        revision: String,
        /// The data migration.
        migration: Arc<dyn DataMigration>,
    },
}

impl Step {
    /// What it does, in a few words.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::RemoveLeftovers(tables) => {
                format!("remove leftovers of an interrupted upgrade: {}", tables.join(", "))
            }
            Self::Change(change) if change.before.is_none() => {
                format!("create table {}", change.after.name)
            }
            Self::Change(change) => format!("change table {}", change.after.name),
            Self::Migrate { migration, .. } => migration.title().to_owned(),
        }
    }

    /// The revisions that it serves.
    #[must_use]
    pub fn revisions(&self) -> &[String] {
        match self {
            Self::RemoveLeftovers(_) => &[],
            Self::Change(change) => &change.revisions,
            Self::Migrate { revision, .. } => std::slice::from_ref(revision),
        }
    }
}

/// What an upgrade does, in order.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the database is.
    pub from: Location,
    /// The revision that it gets; `None` is the base schema.
    pub to: Option<String>,
    /// The revisions on the way, in order.
    pub revisions: Vec<String>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The schema that the database then has.
    pub result: Schema,
}

impl Plan {
    /// The data migrations that have something to do.
    pub fn migrations(&self) -> impl Iterator<Item = (&str, &Arc<dyn DataMigration>)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Migrate { revision, migration } => Some((revision.as_str(), migration)),
            Step::RemoveLeftovers(_) | Step::Change(_) => None,
        })
    }

    /// The changes of tables.
    pub fn changes(&self) -> impl Iterator<Item = &TableChange> {
        self.steps.iter().filter_map(|step| match step {
            Step::Change(change) => Some(&**change),
            Step::RemoveLeftovers(_) | Step::Migrate { .. } => None,
        })
    }

    /// The existing tables that get another foreign key: only there can an upgrade break a
    /// reference, since it copies every row of a table that it rebuilds.
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

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.revisions.is_empty() && !self.from.empty && self.from.revision == self.to
    }
}

/// Plans the way from a live schema to a revision.
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
    let path = catalogue.graph.path(from.revision.as_deref(), to).ok_or_else(|| {
        let name = |revision| crate::locate::label(revision).to_owned();
        Error::TargetBehind { current: name(from.revision.as_deref()), target: name(to) }
    })?;
    let mut planner = Planner::new(platform, live);
    if from.empty {
        for op in catalogue.base_ops() {
            planner.edit("base", &op)?;
        }
    }
    let revisions = path.iter().map(|revision| revision.id.clone()).collect();
    planner.reached.clone_from(&from.revision);
    for revision in path {
        for action in revision.actions(platform) {
            match action {
                Action::Schema(op) => planner.edit(&revision.id, op)?,
                Action::Data(migration) => planner.migrate(&revision.id, migration, live),
            }
        }
        planner.reached = Some(revision.id.clone());
    }
    let (steps, result) = planner.finish();
    Ok(Plan { from: from.clone(), to: to.map(ToOwned::to_owned), revisions, steps, result })
}

struct Planner<'a> {
    platform: &'a Platform,
    /// The schema after the steps so far.
    before: Schema,
    /// The schema after the edits since then.
    after: Schema,
    /// The tables edited since then, in the order of their first edit, and by which revisions.
    edited: Vec<(String, Vec<String>)>,
    steps: Vec<Step>,
    deferred: Vec<Step>,
    /// The last revision whose edits are all in `after`.
    reached: Option<String>,
}

impl<'a> Planner<'a> {
    fn new(platform: &'a Platform, live: &Schema) -> Self {
        let (leftovers, tables): (BTreeMap<_, _>, BTreeMap<_, _>) =
            live.tables.clone().into_iter().partition(|(name, _)| is_leftover(name, live));
        let before = Schema { tables, collation: live.collation.clone() };
        let leftovers: Vec<String> = leftovers.into_keys().collect();
        let mut steps = Vec::new();
        if !leftovers.is_empty() {
            steps.push(Step::RemoveLeftovers(leftovers));
        }
        let after = before.clone();
        Self {
            platform,
            before,
            after,
            edited: Vec::new(),
            steps,
            deferred: Vec::new(),
            reached: None,
        }
    }

    fn edit(&mut self, revision: &str, op: &Op) -> Result<(), Error> {
        limit::refuse_what_the_server_lacks(op, self.platform, revision, self.reached.as_deref())?;
        self.after
            .apply(op, self.platform)
            .map_err(|source| Error::Edit { revision: revision.to_owned(), source })?;
        let (Op::CreateTable(crate::schema::Table { name: table, .. }) | Op::Alter { table, .. }) =
            op;
        match self.edited.iter_mut().find(|(name, _)| name == table) {
            Some((_, revisions)) if revisions.iter().any(|known| known == revision) => {}
            Some((_, revisions)) => revisions.push(revision.to_owned()),
            None => self.edited.push((table.clone(), vec![revision.to_owned()])),
        }
        Ok(())
    }

    fn migrate(&mut self, revision: &str, migration: &Arc<dyn DataMigration>, live: &Schema) {
        if !migration.is_needed(live) {
            return;
        }
        let step =
            Step::Migrate { revision: revision.to_owned(), migration: Arc::clone(migration) };
        if migration.reads().is_empty() {
            self.deferred.push(step);
        } else {
            let touched = migration.reads().iter().chain(migration.writes());
            let touched: BTreeSet<&str> = touched.map(|(table, _)| *table).collect();
            let needed = self.with_referenced(touched);
            self.settle_edits(|table| needed.contains(table));
            self.steps.push(step);
        }
    }

    /// These tables, and every table that they reference.
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

    /// Turns the edits of some tables so far into steps.
    fn settle_edits(&mut self, is_due: impl Fn(&str) -> bool) {
        let mut due: BTreeSet<String> = self.edited.iter().map(|(name, _)| name.clone()).collect();
        due.retain(|name| is_due(name));
        let mut changes = self.changes(&due);
        if !self.platform.is_sqlite() {
            while self.add_those_in_the_way(&changes, &mut due) {
                changes = self.changes(&due);
            }
            changes = foreign_keys::out_of_the_way(&changes, &self.before, self.platform);
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

    /// The changes of some of the edited tables, in the order of their first edit.
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

    /// What is edited and has a foreign key in the way of these changes has to change with them.
    fn add_those_in_the_way(&self, changes: &[TableChange], due: &mut BTreeSet<String>) -> bool {
        let known = due.len();
        let is_edited = |table: &str| self.edited.iter().any(|(name, _)| name == table);
        let in_the_way = foreign_keys::tables_in_the_way(changes, &self.before, self.platform);
        due.extend(in_the_way.filter(|table| is_edited(table)).map(ToOwned::to_owned));
        due.len() > known
    }

    fn finish(mut self) -> (Vec<Step>, Schema) {
        self.settle_edits(|_| true);
        self.steps.append(&mut self.deferred);
        (self.steps, self.after)
    }
}

/// A table under Alembic's name for a rebuild is a leftover while the table itself is there. If
/// that is gone, the rows are in here.
fn is_leftover(name: &str, live: &Schema) -> bool {
    name.strip_prefix(LEFTOVER_PREFIX).is_some_and(|original| live.table(original).is_some())
}
