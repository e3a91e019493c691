//! Measures samples, within a limit of time, and predicts the seconds of each step.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use sea_query::{Alias, Condition, Expr, ExprTrait, Func, Query, SelectStatement};

use super::kind::{Kind, Part};
use super::samples::{FEWEST_ROWS, Samples, key_of};
use super::seconds::Seconds;
use super::work::{Sizes, StepWork};
use super::{CalibrationOutcome, Counted};
use crate::backend::{Backend, Measured, SAMPLE, SAMPLED, Sample, Work};
use crate::error::{Error, ErrorKind};
use crate::plan::TableChange;
use crate::schema::platform::Platform;
use crate::schema::{Table, varchar};

/// The most rows of a sample.
const MOST_ROWS: u64 = 10_000;

/// The time after which no further sample is begun.
const LIMIT: Duration = Duration::from_millis(2500);

/// How many of the plan's new tables are created, to measure a creation.
const CREATIONS: usize = 8;

/// How often a temporary table is created and dropped, to measure a statement.
const REPETITIONS: u32 = 5;

/// How often each sample is measured, if the time allows.
const ROUNDS: usize = 3;

/// Predicts the seconds of each step, and of the whole upgrade.
///
/// # Errors
/// If the user stops, or the connection is lost. Any other error makes a calibration impossible.
pub(super) async fn calibrate(
    backend: &mut dyn Backend,
    Counted { estimate, works, sizes, facts, inspection }: &mut Counted,
) -> Result<CalibrationOutcome, Error> {
    let begin = Instant::now();
    let begun = backend.calibration().begin_calibration().await;
    let measured = match begun {
        Ok(()) => measure_all(backend, works, sizes, begin).await,
        Err(error) => Err(error),
    };
    let ended = backend.calibration().end_calibration().await;
    let mut samples = match measured.and_then(|measured| ended.map(|()| measured)) {
        Ok(samples) => samples,
        Err(error) if is_fatal(&error) => return Err(error),
        Err(error) => return Ok(CalibrationOutcome::Impossible { reason: error.to_string() }),
    };
    samples.inspection = Seconds::measured(vec![inspection.as_secs_f64()]);
    samples.predict_all(works, facts, estimate);
    let measured = samples.measured.values().flatten();
    let rows = measured.map(|measured| measured.rows).sum();
    Ok(CalibrationOutcome::Measured { rows, seconds: begin.elapsed().as_secs_f64() })
}

fn is_fatal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Stopped | ErrorKind::ConnectionLost)
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
        flushing: backend.calibration().flushing().await?,
        ..Samples::default()
    };
    let mut parts: Vec<&Part> = works.iter().flat_map(|work| &work.parts).collect();
    parts.retain(|part| part.rows() >= FEWEST_ROWS);
    // The largest decide.
    parts.sort_by_key(|part| std::cmp::Reverse(part.rows()));
    for _ in 0..ROUNDS {
        measure_parts(backend, &parts, sizes, begin, &mut samples).await?;
    }
    if backend.file().is_some() {
        samples.file_check = measure_checks(backend, sizes).await?;
    }
    Ok(samples)
}

/// Measures a sample of each part, until the time is over.
async fn measure_parts(
    backend: &mut dyn Backend,
    parts: &[&Part],
    sizes: &Sizes,
    begin: Instant,
    samples: &mut Samples,
) -> Result<(), Error> {
    let mut done = HashSet::new();
    for part in parts {
        let key = key_of(part);
        let Some((live, _)) = sizes.get(&part.table) else { continue };
        if done.contains(&key) || begin.elapsed() > LIMIT {
            continue;
        }
        let (sample, work) = sampled(part, live, backend.platform());
        if let Some(measured) = measure(backend, &sample, &work).await? {
            samples.measured.entry(key.clone()).or_default().push(measured);
        }
        done.insert(key);
    }
    Ok(())
}

/// Measures a statement that changes an empty table.
async fn measure_statement(backend: &mut dyn Backend) -> Result<Seconds, Error> {
    let table = Table::new(SAMPLE).column(varchar(SAMPLED, 32));
    let calibration = backend.calibration();
    let mut times = Vec::new();
    for _ in 0..REPETITIONS {
        let begin = Instant::now();
        calibration.create_sample(&table).await?;
        calibration.drop_sample().await?;
        times.push(begin.elapsed().as_secs_f64() / 2.0);
    }
    Ok(Seconds::measured(times))
}

/// Measures the creation of some of the plan's new tables, and returns the mean.
async fn measure_creations(
    backend: &mut dyn Backend,
    works: &[StepWork],
) -> Result<Seconds, Error> {
    let created = works.iter().filter_map(|work| work.created.as_ref()).take(CREATIONS);
    let calibration = backend.calibration();
    let mut times = Vec::new();
    for table in created {
        let table = bare(table, table);
        let begin = Instant::now();
        calibration.create_sample(&table).await?;
        times.push(begin.elapsed().as_secs_f64());
        calibration.drop_sample().await?;
    }
    Ok(Seconds::averaged(times))
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
    let mut measured = Vec::new();
    for _ in 0..ROUNDS {
        measured.extend(measure(backend, &sample, &Work::Check).await?);
    }
    let bytes: u64 = sizes.values().filter_map(|(_, size)| size.bytes).sum();
    let share = bytes as f64 / size.bytes.filter(|size| *size > 0).unwrap_or(1) as f64;
    let rows = (size.rows as f64 * share) as u64;
    let sampled = measured.first().map_or(0, |one| one.rows);
    let growing = measured.iter().map(|one| (one.working - one.fixed).max(0.0));
    Ok(Seconds::measured(growing.collect()).scaled(sampled, rows))
}

/// Returns the sample of a part, and the work on it.
fn sampled(part: &Part, live: &Table, platform: &Platform) -> (Sample, Work) {
    let rows = part.size.rows;
    match &part.kind {
        Kind::Change { change, rebuilds, index_builds, .. } => {
            let before = change.before.as_ref().unwrap_or(live);
            let sample = sample_of(&part.table, before, live, rows);
            let after = bare(&change.after, live);
            let change = TableChange {
                before: Some(sample.table.clone()),
                after,
                revisions: change.revisions.clone(),
            };
            let work = match *index_builds {
                1.. if !rebuilds => Work::BuildIndexes,
                _ => Work::Change,
            };
            (sample, work(Box::new(change)))
        }
        Kind::Read { columns } => {
            let mut narrow = bare(live, live);
            narrow.columns.retain(|column| columns.contains(&column.name));
            narrow = Table { columns: narrow.columns, ..Table::new(SAMPLE) };
            let query = read_all(&narrow, platform);
            let sample = sample_of(&part.table, &narrow, live, rows);
            (sample, Work::Query(Box::new(query)))
        }
        Kind::Query { query } => {
            (sample_of(&part.table, live, live, rows), Work::Query(query.clone()))
        }
        Kind::Update { rows: written, without_values, .. } => {
            let mut sample = writable(part, live);
            let columns = without_values.iter().map(|name| varchar(name, 32));
            sample.table.columns.extend(columns);
            (sample, Work::Update(written.clone()))
        }
        Kind::Add { count: Some(count) } => {
            (sample_of(&part.table, live, live, rows), Work::Count(count.clone()))
        }
        // Copying into the sample is the work.
        Kind::Add { count: None } => {
            let nothing = Condition::all().add(Expr::val(1).eq(0));
            (writable(part, live), Work::Update(nothing))
        }
        Kind::Delete { rows: written } => {
            (sample_of(&part.table, live, live, rows), Work::Delete(written.clone()))
        }
    }
}

/// Returns a query that reads every value of a table.
fn read_all(table: &Table, platform: &Platform) -> SelectStatement {
    let text = if platform.is_mysql() { "char" } else { "text" };
    let mut query = Query::select();
    query.from(SAMPLE);
    for column in &table.columns {
        let value = Func::cast_as(Expr::col(Alias::new(&column.name)), text);
        query.expr(Func::sum(Func::char_length(value)));
    }
    query.take()
}

/// Returns a sample of a table with one more column, which an update writes.
fn writable(part: &Part, live: &Table) -> Sample {
    let mut sample = sample_of(&part.table, live, live, part.size.rows);
    sample.table.columns.push(varchar(SAMPLED, 32));
    sample
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
