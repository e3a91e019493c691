//! Lists what each step does with the rows of which table.

use std::collections::BTreeMap;

use super::StepCost;
use super::disk::{self, Disk};
use super::kind::{Amount, Kind};
use crate::backend::{Backend, ChangeLog, SAMPLE, TableSize};
use crate::data::DataMigration;
use crate::error::Error;
use crate::plan::{ChangePlan, Plan, Step, TableChange, TableLock, indexes_of};
use crate::report::preview::locks;
use crate::schema::{Schema, Table};

/// The tables that hold rows, with their definitions and sizes.
pub(super) type Sizes = BTreeMap<String, (Table, TableSize)>;

/// What a step does with the rows of one table.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) table: String,
    pub(super) size: TableSize,
    pub(super) kind: Kind,
    read: Amount,
    written: Amount,
}

/// What a step does.
#[derive(Clone, Debug)]
pub(super) struct StepWork {
    step: usize,
    title: String,
    revisions: Vec<String>,
    locks: Vec<TableLock>,
    /// The number of statements, where they are known beforehand.
    pub(super) statements: usize,
    /// The table that the step creates, if it creates one.
    pub(super) created: Option<Table>,
    pub(super) parts: Vec<Part>,
}

impl StepWork {
    /// Returns whether a cost is that of this step.
    pub(super) fn is(&self, cost: &StepCost) -> bool {
        self.step == cost.step
    }

    /// Returns the cost of the step; `None` if it reads and writes no rows.
    pub(super) fn cost(&self, log: ChangeLog) -> Option<StepCost> {
        if self.parts.is_empty() {
            return None;
        }
        let sum = |of: fn(&Part) -> Amount| {
            self.parts.iter().map(of).fold(Amount::default(), Amount::and)
        };
        let disks =
            self.parts.iter().map(|part| Disk::of(&part.kind, part.size, part.written, log));
        let index_builds = self.parts.iter().map(|part| match part.kind {
            Kind::Change { index_builds, .. } => index_builds,
            _ => 0,
        });
        Some(StepCost {
            step: self.step,
            title: self.title.clone(),
            revisions: self.revisions.clone(),
            read: sum(|part| part.read),
            written: sum(|part| part.written),
            index_builds: index_builds.sum(),
            locks: self.locks.clone(),
            seconds: None,
            disk: disks.fold(Disk::default(), Disk::and),
        })
    }
}

/// Measures the tables of the live schema that a plan works on.
///
/// # Errors
/// If a table cannot be measured.
pub(super) async fn measure_tables(
    backend: &mut dyn Backend,
    plan: &Plan,
    live: &Schema,
) -> Result<Sizes, Error> {
    let mut names: Vec<&str> = plan.changes().map(name_before).collect();
    for (_, migration) in plan.migrations() {
        let touched = migration.reads().iter().chain(migration.writes());
        names.extend(touched.map(|(table, _)| *table));
    }
    // A file is checked as a whole.
    if backend.file().is_some() {
        names.extend(live.tables.keys().map(String::as_str));
    }
    names.sort_unstable();
    names.dedup();
    let mut sizes = Sizes::new();
    for name in names {
        let Some(table) = live.table(name) else { continue };
        let size = backend.table_size(name).await?;
        if size.rows > 0 {
            sizes.insert(name.to_owned(), (table.clone(), size));
        }
    }
    Ok(sizes)
}

/// Lists the work of every step.
///
/// # Errors
/// If a change cannot be made.
pub(super) fn of(
    backend: &dyn Backend,
    plan: &Plan,
    live: &Schema,
    sizes: &Sizes,
    pairs: u64,
) -> Result<Vec<StepWork>, Error> {
    let is_clustered = backend.platform().is_mysql();
    let mut works = Vec::new();
    for (step, number) in plan.steps.iter().zip(1..) {
        let (mut method, mut parts, mut created) = (None, Vec::new(), None);
        match step {
            Step::RemoveLeftovers(_) => {}
            Step::Change(change) => {
                let described = backend.describe_change(change)?;
                let size = sizes.get(name_before(change)).map(|(_, size)| *size);
                parts.extend(
                    size.and_then(|size| of_change(change, &described, size, is_clustered)),
                );
                created = change.before.is_none().then(|| change.after.clone());
                method = Some(described);
            }
            Step::Migrate { migration, .. } => parts = of_migration(&**migration, sizes, pairs),
        }
        works.push(StepWork {
            step: number,
            title: step.title(),
            revisions: step.revisions().to_vec(),
            locks: locks(backend, live, step, method.as_ref()),
            statements: method.map_or(1, |method| method.statements.len()),
            created,
            parts,
        });
    }
    Ok(works)
}

fn name_before(change: &TableChange) -> &str {
    change.before.as_ref().map_or(&*change.after.name, |before| &*before.name)
}

fn of_change(
    change: &TableChange,
    method: &ChangePlan,
    size: TableSize,
    is_clustered: bool,
) -> Option<Part> {
    if !method.rebuilds && !method.scans {
        return None;
    }
    let known = size.bytes.is_some();
    // InnoDB keeps the rows in the primary key.
    let others = |before: &Table| {
        indexes_of(before) - usize::from(is_clustered && before.primary_key.is_some())
    };
    let indexes = change.before.as_ref().map_or(0, others);
    let built = method.index_builds as u64 * disk::of_index(size, indexes);
    let written = match (method.rebuilds, method.index_builds) {
        (true, _) => Amount { rows: size.rows, bytes: size.bytes },
        (false, 0) => Amount::default(),
        (false, _) => Amount { rows: size.rows, bytes: known.then_some(built) },
    };
    Some(Part {
        table: name_before(change).to_owned(),
        size,
        kind: Kind::Change {
            change: Box::new(change.clone()),
            rebuilds: method.rebuilds,
            index_builds: method.index_builds,
            indexes,
            logs_rows: method.logs_rows,
        },
        read: own(size),
        written,
    })
}

fn own(size: TableSize) -> Amount {
    Amount { rows: size.rows, bytes: size.bytes.map(|_| disk::own_bytes(size)) }
}

fn of_migration(migration: &dyn DataMigration, sizes: &Sizes, pairs: u64) -> Vec<Part> {
    let mut parts = Vec::new();
    let find = |table: &str| sizes.get(table).map(|(_, size)| *size);
    let part = |table: &str, size, kind, read, written| Part {
        table: table.to_owned(),
        size,
        kind,
        read,
        written,
    };
    let mut read = Vec::new();
    for (table, columns) in migration.reads() {
        let Some(size) = find(table) else { continue };
        read.push((*table, size));
        let kind = match migration.main_query(SAMPLE) {
            Some(query) => Kind::Query { query: Box::new(query) },
            None => Kind::Read { columns: columns.iter().map(ToString::to_string).collect() },
        };
        parts.push(part(table, size, kind, own(size), Amount::default()));
    }
    for (table, _) in migration.writes() {
        let (kind, target, rows) = match find(table) {
            Some(size) if !migration.truncates().is_empty() => (Kind::Delete, size, size.rows),
            Some(size) if !migration.only_adds() => (Kind::Update, size, size.rows),
            // Rows are added, at most one for each that is read first.
            _ => match read.first() {
                Some((_, size)) if pairs > 0 => (Kind::Add, *size, pairs),
                Some((_, size)) => (Kind::Add, *size, size.rows),
                None => continue,
            },
        };
        let bytes = target.bytes.map(|bytes| bytes * rows / target.rows.max(1));
        let source = match kind {
            Kind::Add => read.first().map_or(*table, |(table, _)| table),
            _ => table,
        };
        parts.push(part(source, target, kind, Amount::default(), Amount { rows, bytes }));
    }
    parts
}

impl Part {
    /// Returns the number of rows that the work is about.
    pub(super) fn rows(&self) -> u64 {
        self.read.rows.max(self.written.rows)
    }
}
