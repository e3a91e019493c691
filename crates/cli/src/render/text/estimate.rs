use std::io::{self, Write};

use mlflow_migrate_core::report::estimate::{
    Amount, CalibrationOutcome, Disk, Estimate, Metrics, Seconds, StepCost,
};

use super::plan::words_of_lock;
use crate::outcome::OfDatabase;
use crate::render::words::{bytes, count, duration, number, revision};

/// Writes how much work an upgrade is.
pub(super) fn write(out: &mut impl Write, estimated: &OfDatabase<Estimate>) -> io::Result<()> {
    let OfDatabase { database, result: estimate } = estimated;
    let (from, to) = (revision(estimate.from.as_deref()), revision(estimate.to.as_deref()));
    writeln!(out, "{database}: from {from} to {to}")?;
    if let Some(metrics) = &estimate.metrics {
        writeln!(out, "metrics, whose newest entries 89d4b8295536 computes:")?;
        write_metrics(out, metrics)?;
    }
    let steps = count(estimate.step_count as u64, "step");
    if estimate.costs.is_empty() {
        writeln!(out, "none of {steps} reads or writes existing rows")?;
    } else {
        let costs = estimate.costs.len();
        writeln!(out, "{costs} of {steps} read or write existing rows:")?;
    }
    let width = estimate.step_count.to_string().len();
    for cost in &estimate.costs {
        write_cost(out, cost, width)?;
    }
    if estimate.locks_until_commit && estimate.costs.iter().any(|cost| !cost.locks.is_empty()) {
        writeln!(out, "every lock is held until the upgrade commits")?;
    }
    if let Some(checks) = estimate.checks.filter(|checks| checks.high > 0.0) {
        writeln!(out, "checks before and after the steps: {}", time(checks))?;
    }
    write_small_steps(out, estimate)?;
    writeln!(out, "disk space in all: {}", room(estimate.disk, estimate.disk_at_most))?;
    write_time(out, estimate)
}

/// Writes the time of the steps that are not listed, and where the wait for the disk comes from.
fn write_small_steps(out: &mut impl Write, estimate: &Estimate) -> io::Result<()> {
    let Some(seconds) = estimate.small_steps else { return Ok(()) };
    writeln!(out, "all other steps: {}", time(seconds))?;
    let Some(flush) = estimate.flush else { return Ok(()) };
    let source = match flush.is_measured {
        true => "as the server has measured",
        false => "assumed, since the server shows no measurement",
    };
    writeln!(out, "  each waits for the disk; one wait takes {}, {source}", time(flush.seconds))
}

fn write_metrics(out: &mut impl Write, metrics: &Metrics) -> io::Result<()> {
    let lines = [
        (number(metrics.entries), "metric entries in all"),
        (number(metrics.pairs), "unique (run, key) pairs"),
        (number(metrics.runs), "runs with metrics"),
        (format!("{:.1}", metrics.entries_per_pair), "entries per pair on average"),
    ];
    lines.iter().try_for_each(|(amount, what)| writeln!(out, "  {amount:>13}  {what}"))
}

fn write_cost(out: &mut impl Write, cost: &StepCost, width: usize) -> io::Result<()> {
    let revisions = match cost.revisions.as_slice() {
        [] => String::new(),
        revisions => format!("  ({})", revisions.join(", ")),
    };
    writeln!(out, "  {:>width$}  {}{revisions}", cost.step, cost.title)?;
    let indent = " ".repeat(width + 6);
    let mut work = vec![format!("reads {}", amount(cost.read))];
    if cost.written.rows > 0 {
        work.push(format!("writes up to {}", amount(cost.written)));
    }
    if cost.index_builds > 0 {
        work.push(format!("builds {}", count_of_indexes(cost.index_builds)));
    }
    writeln!(out, "{indent}{}", work.join("; "))?;
    if let Some(seconds) = cost.seconds {
        writeln!(out, "{indent}takes {}", time(seconds))?;
    }
    if cost.disk.total() > 0 {
        writeln!(out, "{indent}needs {}", room(cost.disk, cost.disk_at_most))?;
    }
    cost.locks.iter().try_for_each(|lock| writeln!(out, "{indent}{}", words_of_lock(lock)))
}

fn write_time(out: &mut impl Write, estimate: &Estimate) -> io::Result<()> {
    match (&estimate.calibration, estimate.seconds) {
        (CalibrationOutcome::Measured { rows, seconds }, Some(total)) => {
            let (rows, seconds) = (count(*rows, "row"), duration(*seconds));
            writeln!(out, "time in all: {}", time(total))?;
            writeln!(out, "measured on samples of {rows} in {seconds}; the database is unchanged")
        }
        (CalibrationOutcome::Impossible { reason }, _) => {
            writeln!(out, "no time is predicted: {reason}")
        }
        _ => writeln!(out, "no time is predicted, since nothing was measured"),
    }
}

fn count_of_indexes(indexes: usize) -> String {
    if indexes == 1 { "1 index".to_owned() } else { format!("{indexes} indexes") }
}

fn amount(amount: Amount) -> String {
    let size = amount.bytes.map_or_else(String::new, |size| format!(" ({})", bytes(size)));
    format!("{}{size}", count(amount.rows, "row"))
}

/// Formats a prediction: `about 1.2 s (0.6 s to 2.4 s)`.
fn time(seconds: Seconds) -> String {
    let [low, expected, high] = [seconds.low, seconds.expected, seconds.high].map(duration);
    format!("about {expected} ({low} to {high})")
}

/// Formats disk space with its parts, and the most if that is more.
fn room(disk: Disk, at_most: Disk) -> String {
    let parts = [
        (disk.tables, "tables and indexes"),
        (disk.log, "log or journal"),
        (disk.sorting, "sort files"),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(amount, _)| *amount > 0)
        .map(|(amount, what)| format!("{} of {what}", bytes(*amount)))
        .collect();
    match parts.as_slice() {
        [] => "nothing".to_owned(),
        parts => {
            let parts = parts.join(", ");
            let most = match at_most.total() > disk.total() {
                true => format!(" (up to {})", bytes(at_most.total())),
                false => String::new(),
            };
            format!("about {}{most}: {parts}", bytes(disk.total()))
        }
    }
}
