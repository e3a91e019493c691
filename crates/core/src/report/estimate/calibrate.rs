//! Measures samples, within a limit of time, and predicts the seconds of each step.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::kind::Kind;
use super::seconds::Seconds;
use super::work::{Part, Sizes, StepWork};
use super::{CalibrationOutcome, Estimate};
use crate::backend::{Backend, Measured, SAMPLE, SAMPLED, Sample, Work};
use crate::error::{Error, ErrorKind};
use crate::plan::{TableChange, indexes_of};
use crate::schema::{Table, varchar};

/// The most rows of a sample.
const MOST_ROWS: u64 = 10_000;

/// The fewest rows of a table that is sampled; fewer cost no more than the statement.
const FEWEST_ROWS: u64 = 500;

/// The time after which no further sample is begun.
const LIMIT: Duration = Duration::from_millis(2500);

/// How many of the plan's new tables are created, to measure a creation.
const CREATIONS: usize = 8;

/// How often a temporary table is created and dropped, to measure a statement.
const REPETITIONS: u32 = 5;

/// Predicts the seconds of each step, and of the whole upgrade.
///
/// # Errors
/// If the user stops, or the connection is lost. Any other error makes a calibration impossible.
pub(super) async fn calibrate(
    backend: &mut dyn Backend,
    works: &[StepWork],
    sizes: &Sizes,
    estimate: &mut Estimate,
) -> Result<CalibrationOutcome, Error> {
    let begin = Instant::now();
    let impossible = |reason: String| Ok(CalibrationOutcome::Impossible { reason });
    let begun = backend.calibration().begin_calibration().await;
    let measured = match begun {
        Ok(()) => measure_all(backend, works, sizes, begin).await,
        Err(error) => Err(error),
    };
    let ended = backend.calibration().end_calibration().await;
    let samples = match measured.and_then(|measured| ended.map(|()| measured)) {
        Ok(samples) => samples,
        Err(error) if is_fatal(&error) => return Err(error),
        Err(error) => return impossible(error.to_string()),
    };
    let mut total = samples.checks;
    for work in works {
        let parts = work.parts.iter().map(|part| samples.predict(part));
        let own = match work.created {
            Some(_) => samples.creation,
            None => samples.statement * work.statements as f64,
        };
        let seconds = parts.fold(Seconds::exactly(own), Seconds::and);
        total = total.and(seconds);
        if let Some(cost) = estimate.costs.iter_mut().find(|cost| work.is(cost)) {
            cost.seconds = Some(seconds);
            if let Some(bytes) =
                work.parts.iter().filter_map(|it| samples.versions(it)).reduce(|a, b| a + b)
            {
                cost.disk = cost.disk.with_versions(bytes);
            }
        }
    }
    estimate.checks = Some(samples.checks);
    estimate.seconds = Some(total);
    let rows = samples.measured.values().map(|measured| measured.rows).sum();
    Ok(CalibrationOutcome::Measured { rows, seconds: begin.elapsed().as_secs_f64() })
}

fn is_fatal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Stopped | ErrorKind::ConnectionLost)
}

/// The measured samples.
#[derive(Default)]
struct Samples {
    measured: HashMap<(String, &'static str, usize), Measured>,
    /// The seconds of a statement that changes an empty table.
    statement: f64,
    /// Whether a change of a sample copies it, with all of its indexes.
    are_copied: bool,
    /// The seconds of creating a table, with its indexes.
    creation: f64,
    /// The time of checks before and after the steps.
    checks: Seconds,
}

impl Samples {
    /// Returns the time of a part; that of a similar one if its own was not measured.
    fn predict(&self, part: &Part) -> Seconds {
        let rows = part.rows();
        if rows < FEWEST_ROWS {
            return Seconds::default();
        }
        match (self.measured.get(&key_of(part)), &part.kind) {
            (Some(measured), Kind::Read { .. } | Kind::Add) => Seconds::of_copying(measured, rows),
            (Some(measured), kind) => {
                let growing = (measured.working - measured.fixed).max(0.0) * self.share(kind);
                let working = measured.fixed + growing;
                Seconds::of_work(&Measured { working, ..*measured }, rows)
            }
            (None, _) => {
                let known = self.measured.values().filter(|measured| measured.rows > 0);
                let mut rates: Vec<f64> =
                    known.map(|it| (it.filling + it.working) / it.rows as f64).collect();
                rates.sort_by(f64::total_cmp);
                let middle = rates.get(rates.len() / 2).copied().unwrap_or_default();
                Seconds::linear(middle, rows)
            }
        }
    }
}

impl Samples {
    /// Returns the share of the work on a sample that the change of its table takes.
    ///
    /// A change in place builds only the new indexes.
    fn share(&self, kind: &Kind) -> f64 {
        match kind {
            Kind::Change { change, rebuilds: false, index_builds, .. } if self.are_copied => {
                (*index_builds).max(1) as f64 / indexes_of(&change.after).max(1) as f64
            }
            _ => 1.0,
        }
    }

    /// Returns the bytes of new versions of rows, where an update adds them to the table.
    fn versions(&self, part: &Part) -> Option<u64> {
        let measured = self.measured.get(&key_of(part)).filter(|it| it.rows > 0)?;
        let grown = measured.grown.filter(|grown| *grown > 0)?;
        matches!(part.kind, Kind::Update).then(|| grown * part.rows() / measured.rows)
    }
}

/// Two parts with the same key take the same sample. The same table may change several times.
fn key_of(part: &Part) -> (String, &'static str, usize) {
    let (kind, distinct) = match &part.kind {
        Kind::Change { change, .. } => {
            ("change", change.revisions.len() + change.after.columns.len())
        }
        Kind::Read { columns } => ("read", columns.len()),
        Kind::Query { .. } => ("query", 0),
        Kind::Update => ("update", 0),
        Kind::Add => ("add", 0),
        Kind::Delete => ("delete", 0),
    };
    (part.table.clone(), kind, distinct)
}

async fn measure_all(
    backend: &mut dyn Backend,
    works: &[StepWork],
    sizes: &Sizes,
    begin: Instant,
) -> Result<Samples, Error> {
    let mut samples = Samples {
        statement: measure_statement(backend).await?,
        creation: measure_creations(backend, works).await?,
        are_copied: backend.calibration().copies_samples(),
        ..Samples::default()
    };
    let mut parts: Vec<&Part> = works.iter().flat_map(|work| &work.parts).collect();
    parts.retain(|part| part.rows() >= FEWEST_ROWS);
    // The largest decide.
    parts.sort_by_key(|part| std::cmp::Reverse(part.rows()));
    for part in parts {
        let key = key_of(part);
        let Some((live, _)) = sizes.get(&part.table) else { continue };
        if samples.measured.contains_key(&key) || begin.elapsed() > LIMIT {
            continue;
        }
        let (sample, work) = sampled(part, live);
        if let Some(measured) = measure(backend, &sample, &work).await? {
            samples.measured.insert(key, measured);
        }
    }
    if backend.file().is_some() {
        samples.checks = measure_checks(backend, sizes).await?;
    }
    Ok(samples)
}

/// Measures a statement that changes an empty table.
async fn measure_statement(backend: &mut dyn Backend) -> Result<f64, Error> {
    let table = Table::new(SAMPLE).column(varchar(SAMPLED, 32));
    let calibration = backend.calibration();
    let begin = Instant::now();
    for _ in 0..REPETITIONS {
        calibration.create_sample(&table).await?;
        calibration.drop_sample().await?;
    }
    Ok(begin.elapsed().as_secs_f64() / f64::from(2 * REPETITIONS))
}

/// Measures the creation of some of the plan's new tables, and returns the mean.
async fn measure_creations(backend: &mut dyn Backend, works: &[StepWork]) -> Result<f64, Error> {
    let created: Vec<&Table> =
        works.iter().filter_map(|work| work.created.as_ref()).take(CREATIONS).collect();
    let calibration = backend.calibration();
    let mut seconds = 0.0;
    for table in &created {
        let table = bare(table, table);
        let begin = Instant::now();
        calibration.create_sample(&table).await?;
        seconds += begin.elapsed().as_secs_f64();
        calibration.drop_sample().await?;
    }
    Ok(seconds / created.len().max(1) as f64)
}

/// Measures a sample; `None` if the database refuses what the sample would need.
///
/// A sample has no foreign keys, and not the rows that a data migration adds.
async fn measure(
    backend: &mut dyn Backend,
    sample: &Sample,
    work: &Work,
) -> Result<Option<Measured>, Error> {
    match backend.calibration().measure(sample, work).await {
        Ok(measured) => Ok(Some(measured)),
        Err(error) if is_fatal(&error) => Err(error),
        Err(error) => {
            tracing::info!(table = sample.source, %error, "no sample");
            backend.calibration().end_calibration().await?;
            backend.calibration().begin_calibration().await?;
            Ok(None)
        }
    }
}

/// Returns the time of the checks of a file: before the steps, and of its references after them.
async fn measure_checks(backend: &mut dyn Backend, sizes: &Sizes) -> Result<Seconds, Error> {
    let largest = sizes.iter().max_by_key(|(_, (_, size))| size.bytes);
    let Some((name, (table, size))) = largest else { return Ok(Seconds::default()) };
    if size.rows < FEWEST_ROWS {
        return Ok(Seconds::default());
    }
    let sample = sample_of(name, table, table, size.rows);
    let Some(measured) = measure(backend, &sample, &Work::Check).await? else {
        return Ok(Seconds::default());
    };
    let bytes: u64 = sizes.values().filter_map(|(_, size)| size.bytes).sum();
    let share = bytes as f64 / size.bytes.unwrap_or(bytes).max(1) as f64;
    let rows = (size.rows as f64 * share) as u64;
    Ok(Seconds::of_work(&measured, rows))
}

/// Returns the sample of a part, and the work on it.
fn sampled(part: &Part, live: &Table) -> (Sample, Work) {
    let rows = part.size.rows;
    match &part.kind {
        Kind::Change { change, .. } => {
            let before = change.before.as_ref().unwrap_or(live);
            let sample = sample_of(&part.table, before, live, rows);
            let after = bare(&change.after, live);
            let change = TableChange {
                before: Some(sample.table.clone()),
                after,
                revisions: change.revisions.clone(),
            };
            (sample, Work::Change(Box::new(change)))
        }
        Kind::Read { columns } => {
            let mut narrow = bare(live, live);
            narrow.columns.retain(|column| columns.contains(&column.name));
            narrow = Table { columns: narrow.columns, ..Table::new(SAMPLE) };
            let sample = sample_of(&part.table, &narrow, live, rows);
            (sample, Work::Delete)
        }
        Kind::Query { query } => {
            (sample_of(&part.table, live, live, rows), Work::Query(query.clone()))
        }
        Kind::Update | Kind::Add => {
            let mut sample = sample_of(&part.table, live, live, rows);
            sample.table.columns.push(varchar(SAMPLED, 32));
            (sample, Work::Update)
        }
        Kind::Delete => (sample_of(&part.table, live, live, rows), Work::Delete),
    }
}

/// Returns a sample of a table, whose columns are filled as far as the live table has them.
fn sample_of(source: &str, table: &Table, live: &Table, rows: u64) -> Sample {
    let table = bare(table, live);
    let filled = table
        .columns
        .iter()
        .filter(|column| column.generated.is_none() && live.find_column(&column.name).is_some());
    let columns = filled.map(|column| column.name.clone()).collect();
    Sample { source: source.to_owned(), columns, table, rows, most_rows: MOST_ROWS }
}

/// Returns a table without what a temporary table cannot have.
///
/// A column that the live table lacks has no values, so it may be NULL.
fn bare(table: &Table, live: &Table) -> Table {
    let mut table = table.clone();
    SAMPLE.clone_into(&mut table.name);
    table.foreign_keys.clear();
    table.triggers.clear();
    for column in &mut table.columns {
        let is_filled = live.find_column(column.live_name()).is_some() || column.default.is_some();
        column.nullable |= !is_filled;
    }
    table
}
