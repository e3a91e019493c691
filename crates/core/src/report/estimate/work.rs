//! Lists what each step does with the rows of which table.

use std::collections::BTreeMap;

use super::StepCost;
use super::disk::{self, Disk, Written};
use super::kind::{Amount, Kind, Part};
use crate::backend::{Backend, DiskFacts, SAMPLE, TableSize};
use crate::data::DataMigration;
use crate::error::Error;
use crate::plan::{ChangePlan, Plan, Step, TableChange, TableLock, indexes_of};
use crate::report::preview::locks;
use crate::schema::platform::Platform;
use crate::schema::{Schema, Table};

/// The tables that hold rows, with their definitions and sizes.
pub(super) type Sizes = BTreeMap<String, (Table, TableSize)>;

/// What a step does.
#[derive(Clone, Debug)]
pub(super) struct StepWork {
    step: usize,
    title: String,
    revisions: Vec<String>,
    locks: Vec<TableLock>,
    /// The number of statements, where they are known beforehand.
    pub(super) statements: usize,
    /// The number of statements that change the schema.
    pub(super) definitions: usize,
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
    pub(super) fn cost(&self, facts: &DiskFacts) -> Option<StepCost> {
        if self.parts.is_empty() {
            return None;
        }
        let sum = |of: fn(&Part) -> Amount| {
            self.parts.iter().map(of).fold(Amount::default(), Amount::and)
        };
        let disks = self.parts.iter().map(|part| Disk::of(part, Written::ALL, facts));
        // Nobody knows yet whether a table is truncated.
        let disk = Disk { freed: 0, ..disks.fold(Disk::default(), Disk::and) };
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
            disk,
            disk_at_most: disk,
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
    let platform = backend.platform();
    let is_clustered = platform.is_mysql();
    let migrations = Migrations { sizes, pairs, can_wait: platform.is_sqlite(), platform };
    let mut works = Vec::new();
    for (step, number) in plan.steps.iter().zip(1..) {
        let (mut method, mut parts, mut created) = (None, Vec::new(), None);
        match step {
            Step::RemoveLeftovers(_) | Step::DropTable(_) => {}
            Step::Change(change) => {
                let described = backend.describe_change(change)?;
                let size = sizes.get(name_before(change)).map(|(_, size)| *size);
                parts.extend(
                    size.and_then(|size| of_change(change, &described, size, is_clustered)),
                );
                created = change.before.is_none().then(|| change.after.clone());
                method = Some(described);
            }
            Step::Migrate { migration, .. } => parts = migrations.parts(&**migration),
        }
        works.push(StepWork {
            step: number,
            title: step.title(),
            revisions: step.revisions().to_vec(),
            locks: locks(backend, live, step, method.as_ref()),
            statements: method.as_ref().map_or(1, |method| method.statements.len()),
            definitions: method.map_or(0, |method| method.definitions),
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

/// Returns whether a migration changes or removes rows of a table that it has read there.
fn changes_own_rows(migration: &dyn DataMigration, table: &str) -> bool {
    !migration.only_adds() && migration.reads().iter().any(|(name, _)| *name == table)
}

/// What the parts of data migrations depend on.
struct Migrations<'a> {
    sizes: &'a Sizes,
    /// The number of pairs of run and metric, if they are counted.
    pairs: u64,
    /// Whether the database lets values wait for the next change of their table.
    can_wait: bool,
    platform: &'a Platform,
}

impl Migrations<'_> {
    fn find(&self, table: &str) -> Option<TableSize> {
        self.sizes.get(table).map(|(_, size)| *size)
    }

    fn parts(&self, migration: &dyn DataMigration) -> Vec<Part> {
        let mut parts = Vec::new();
        for (table, columns) in migration.reads() {
            let Some(size) = self.find(table) else { continue };
            let kind = match migration.main_query(SAMPLE) {
                Some(query) => Kind::Query { query: Box::new(query) },
                None => Kind::Read { columns: columns.iter().map(ToString::to_string).collect() },
            };
            let (table, read) = ((*table).to_owned(), own(size));
            parts.push(Part { table, size, kind, read, written: Amount::default() });
        }
        let writes = migration.writes().iter();
        parts.extend(writes.filter_map(|(table, _)| self.write(migration, table)));
        parts
    }

    /// Returns what a migration does with the rows of a table that it writes.
    fn write(&self, migration: &dyn DataMigration, table: &str) -> Option<Part> {
        let rows = migration.likely_rows(table, SAMPLE, self.platform);
        let kind = match self.find(table) {
            Some(_) if !migration.truncates().is_empty() => Kind::Delete { rows },
            Some(_) if !migration.only_adds() => {
                let waits = self.can_wait && migration.deferred_tables().contains(&table);
                Kind::Update { rows, without_values: self.without_values(migration, table), waits }
            }
            // The table has no rows yet, and gets none.
            None if changes_own_rows(migration, table) => return None,
            _ => return self.addition(migration),
        };
        let size = self.find(table)?;
        let written = Amount { rows: size.rows, bytes: size.bytes };
        Some(Part { table: table.to_owned(), size, kind, read: Amount::default(), written })
    }

    /// Returns the columns that a migration reads, and that a live table lacks.
    fn without_values(&self, migration: &dyn DataMigration, table: &str) -> Vec<&'static str> {
        let Some((live, _)) = self.sizes.get(table) else { return Vec::new() };
        let reads = migration.reads().iter().filter(|(name, _)| *name == table);
        let columns = reads.flat_map(|(_, columns)| *columns).copied();
        columns.filter(|column| live.find_column(column).is_none()).collect()
    }

    /// Returns what a migration adds: at most one row for each that it reads first, unless known.
    fn addition(&self, migration: &dyn DataMigration) -> Option<Part> {
        let mut reads = migration.reads().iter();
        let (source, size) =
            reads.find_map(|(table, _)| self.find(table).map(|size| (*table, size)))?;
        let is_of_pairs = self.pairs > 0 && migration.main_query(SAMPLE).is_some();
        let rows = if is_of_pairs { self.pairs } else { size.rows };
        let count = migration.likely_additions(SAMPLE).map(Box::new);
        let bytes = size.bytes.map(|bytes| bytes * rows / size.rows.max(1));
        Some(Part {
            table: source.to_owned(),
            size,
            kind: Kind::Add { count },
            read: Amount::default(),
            written: Amount { rows, bytes },
        })
    }
}
