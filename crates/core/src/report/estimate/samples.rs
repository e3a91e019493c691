//! Predicts the seconds and the disk space of each step from measured samples.

use std::collections::HashMap;

use super::disk::{Disk, Written};
use super::kind::{Kind, Part};
use super::seconds::Seconds;
use super::work::StepWork;
use super::{Estimate, Flush};
use crate::backend::{DiskFacts, Flushing, Measured};

/// The fewest rows of a table that is sampled; fewer cost no more than the statement.
pub(super) const FEWEST_ROWS: u64 = 500;

/// By how much work may differ from its only measurement, if nothing was measured twice.
const UNKNOWN: f64 = 2.0;

/// By how much writing takes longer where a log is written, too.
///
/// No temporary table has a log. With a log every byte is written twice, at most.
const LOGGED: [f64; 3] = [1.0, 1.0, 2.0];

/// How often an upgrade reads the schema: before the steps and after them, and to look for obstacles.
const INSPECTIONS: [f64; 3] = [1.0, 2.0, 3.0];

/// How many changes of the schema keep an upgrade's own notes: a table is made, and goes again.
const JOURNAL_DEFINITIONS: usize = 2;

/// The measured samples.
#[derive(Default)]
pub(super) struct Samples {
    pub(super) measured: HashMap<Key, Vec<Measured>>,
    /// The time of a statement that changes an empty table.
    pub(super) statement: Seconds,
    /// The time of creating a table, with its indexes.
    pub(super) creation: Seconds,
    /// The time of reading the schema, and of planning.
    pub(super) inspection: Seconds,
    /// The time of checking a whole file.
    pub(super) file_check: Seconds,
    /// How long each change waits for the disk.
    pub(super) flushing: Option<Flushing>,
}

impl Samples {
    /// Enters times and likely amounts into an estimate.
    pub(super) fn predict_all(
        &self,
        works: &[StepWork],
        facts: &DiskFacts,
        estimate: &mut Estimate,
    ) {
        let inspections = self.inspection.times(INSPECTIONS);
        let mut checks = self.file_check.and(inspections);
        // The journal, or nothing where one transaction holds the upgrade.
        let mut small_steps = self.flushes(JOURNAL_DEFINITIONS);
        for work in works {
            let own = match work.created {
                Some(_) => self.creation,
                None => self.statement.times([work.statements as f64; 3]),
            };
            let own = own.and(self.flushes(work.definitions));
            let parts = work.parts.iter().map(|part| self.predict(part));
            let seconds = parts.fold(own, Seconds::and);
            // A migration reads everything before the first change, to refuse what it cannot take.
            let read = work.parts.iter().filter(|part| matches!(part.kind, Kind::Read { .. }));
            checks = read.map(|part| self.reading(part)).fold(checks, Seconds::and);
            match estimate.costs.iter_mut().find(|cost| work.is(cost)) {
                Some(cost) => {
                    cost.seconds = Some(seconds);
                    let disks =
                        work.parts.iter().map(|part| Disk::of(part, self.written(part), facts));
                    cost.disk = disks.fold(Disk::default(), Disk::and);
                    cost.disk_at_most = cost.disk_at_most.at_least(cost.disk);
                }
                None => small_steps = small_steps.and(seconds),
            }
        }
        let costs = estimate.costs.iter().filter_map(|cost| cost.seconds);
        estimate.seconds = Some(costs.fold(checks.and(small_steps), Seconds::and));
        estimate.checks = Some(checks);
        estimate.small_steps = Some(small_steps);
        estimate.flush = self.flushing.map(|flushing| {
            let [low, expected, high] = flushing.seconds;
            let seconds = Seconds { low, expected, high };
            Flush { seconds, is_measured: flushing.is_measured }
        });
    }

    /// Returns how long the changes of the schema in a step wait for the disk.
    ///
    /// The step ends with a commit, which notes that it is done.
    fn flushes(&self, definitions: usize) -> Seconds {
        let Some(flushing) = self.flushing else { return Seconds::default() };
        let [low, expected, high] = flushing.seconds;
        let count = |of_change| of_change * definitions as f64 + flushing.of_commit;
        Seconds { low, expected, high }.times(flushing.of_change.map(count))
    }

    /// Returns the time of a part; that of a similar one if its own was not measured.
    fn predict(&self, part: &Part) -> Seconds {
        let rows = part.rows();
        if rows < FEWEST_ROWS {
            return Seconds::default();
        }
        match &part.kind {
            // Rows leave the table, and what they become is copied into others.
            Kind::Read { .. } => self.scaled(part, |one| one.filling),
            Kind::Add { .. } => self.scaled(part, |one| one.filling).times(LOGGED),
            Kind::Query { .. } => self.working(part),
            _ => self.working(part).times(LOGGED),
        }
    }

    /// Returns the time of reading the rows of a part again.
    fn reading(&self, part: &Part) -> Seconds {
        if part.rows() < FEWEST_ROWS { Seconds::default() } else { self.working(part) }
    }

    /// Returns the time of work, and of the same work without rows.
    fn working(&self, part: &Part) -> Seconds {
        let growing = |one: &Measured| (one.working - one.fixed).max(0.0);
        let measured = self.measured.get(&key_of(part)).map_or(&[][..], Vec::as_slice);
        let fixed = Seconds::measured(measured.iter().map(|one| one.fixed).collect());
        self.scaled(part, growing).and(fixed)
    }

    fn scaled(&self, part: &Part, time: impl Fn(&Measured) -> f64) -> Seconds {
        let rows = part.rows();
        let Some(measured) = self.measured.get(&key_of(part)) else {
            return self.rate().times([rows as f64; 3]);
        };
        let sampled = measured.first().map_or(0, |one| one.rows);
        self.ranged(measured.iter().map(time).collect()).scaled(sampled, rows)
    }

    /// Returns the range of measurements, which a single one has from the others.
    fn ranged(&self, times: Vec<f64>) -> Seconds {
        let is_single = times.len() < 2;
        let seconds = Seconds::measured(times);
        if is_single { seconds.widened(self.spread()) } else { seconds }
    }

    /// Returns by how much repeated measurements of the same work differ at most.
    fn spread(&self) -> f64 {
        let repeated = self.measured.values().filter(|measured| measured.len() > 1);
        let of_work = |measured: &Vec<Measured>| {
            Seconds::measured(measured.iter().map(|one| one.filling + one.working).collect())
        };
        repeated.map(|measured| of_work(measured).spread()).reduce(f64::max).unwrap_or(UNKNOWN)
    }

    /// Returns the time of a row, over all measured work.
    fn rate(&self) -> Seconds {
        let known = self.measured.values().flatten().filter(|measured| measured.rows > 0);
        Seconds::measured(known.map(|it| (it.filling + it.working) / it.rows as f64).collect())
    }

    /// Returns what a part is likely to write; at most everything, if it was not measured.
    fn written(&self, part: &Part) -> Written {
        let measured = self.measured.get(&key_of(part)).and_then(|measured| measured.first());
        let Some(measured) = measured.filter(|it| it.rows > 0) else { return Written::ALL };
        let counted = measured.written as f64 / measured.rows as f64;
        let scaled = |bytes| bytes * part.rows() / measured.rows;
        match &part.kind {
            Kind::Change { rebuilds: false, index_builds: 1.., .. } if measured.written > 0 => {
                Written { share: 1.0, grown: Some(scaled(measured.written)) }
            }
            Kind::Update { .. } => {
                let grown = measured.grown.filter(|grown| *grown > 0).map(scaled);
                Written { share: counted, grown }
            }
            Kind::Delete { .. } | Kind::Add { count: Some(_) } => {
                Written { share: counted, grown: None }
            }
            _ => Written::ALL,
        }
    }
}

/// Names the sample that a part takes.
pub(super) type Key = (String, &'static str, usize);

/// Two parts with the same key take the same sample. The same table may change several times.
pub(super) fn key_of(part: &Part) -> Key {
    let (kind, distinct) = match &part.kind {
        Kind::Change { change, .. } => {
            ("change", change.revisions.len() + change.after.columns.len())
        }
        Kind::Read { columns } => ("read", columns.len()),
        Kind::Query { .. } => ("query", 0),
        Kind::Update { .. } => ("update", 0),
        Kind::Add { .. } => ("add", 0),
        Kind::Delete { .. } => ("delete", 0),
    };
    (part.table.clone(), kind, distinct)
}
