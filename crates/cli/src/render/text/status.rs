use std::io::{self, Write};

use mlflow_migrate_core::backend::RunningStep;
use mlflow_migrate_core::error::{Operation, Unfinished};
use mlflow_migrate_core::event::{Amount, Unit};
use mlflow_migrate_core::report::status::Status;

use super::check::{place, write_interrupted_mlflow};
use super::cleanup::write_pending;
use crate::clock;
use crate::outcome::{Activity, OfDatabase};
use crate::render::{one_line, words};

/// Writes the database's position, or its running or unfinished upgrade.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<Activity>) -> io::Result<()> {
    let OfDatabase { database, result: Activity { status, upgraders, running } } = found;
    if !upgraders.is_empty() {
        write_running(out, database, status.as_ref())?;
        running.iter().try_for_each(|running| write_step(out, running))?;
        let mut upgraders = upgraders.iter();
        return upgraders.try_for_each(|one| writeln!(out, "  by:    {}", one_line(one)));
    }
    match status {
        Some(Status::Settled(position)) => {
            writeln!(out, "{database}: {}, no upgrade is in progress", place(position))?;
            write_interrupted_mlflow(out, position.interrupted_mlflow.as_ref())?;
            write_pending(out, &position.pending_cleanup)
        }
        Some(Status::Unfinished(unfinished)) => write_unfinished(out, database, unfinished),
        None => Ok(()),
    }
}

fn write_running(out: &mut impl Write, database: &str, status: Option<&Status>) -> io::Result<()> {
    match status {
        Some(Status::Unfinished(found)) => {
            writeln!(out, "{database}: {} is running", found.describe())?;
            writeln!(out, "  began: {}", clock::moment(found.began_ms))
        }
        Some(Status::Settled(position)) => {
            writeln!(out, "{database}: {}, an upgrade is running", place(position))
        }
        None => writeln!(out, "{database}: an upgrade is running"),
    }
}

/// Writes the step of a running upgrade, and how far the step is.
fn write_step(out: &mut impl Write, running: &RunningStep) -> io::Result<()> {
    if let (Some(step), Some(count)) = (running.step, running.step_count) {
        let title = running.title.as_deref().map(one_line).unwrap_or_default();
        writeln!(out, "  step:  {step} of {count}, {title}")?;
    }
    let phase = running.phase.as_deref().map(one_line);
    let parts: Vec<String> = phase.into_iter().chain(running.amount.map(amount)).collect();
    if parts.is_empty() { Ok(()) } else { writeln!(out, "  now:   {}", parts.join(", ")) }
}

fn amount(amount: Amount) -> String {
    let about = if amount.is_estimate { "about " } else { "" };
    let unit = match amount.unit {
        Unit::Rows => "row",
        Unit::Blocks => "block",
        _ => "unit of work",
    };
    match amount.total {
        Some(total) => {
            format!("{} of {about}{}", words::number(amount.done), words::count(total, unit))
        }
        None => format!("{about}{}", words::count(amount.done, unit)),
    }
}

pub(super) fn write_unfinished(
    out: &mut impl Write,
    database: &str,
    found: &Unfinished,
) -> io::Result<()> {
    writeln!(out, "{database}: {} is unfinished", found.describe())?;
    write_steps(out, found)?;
    writeln!(out, "{}", mlflow_migrate::hint_on_unfinished(found))
}

fn write_steps(out: &mut impl Write, found: &Unfinished) -> io::Result<()> {
    writeln!(out, "  began: {}", clock::moment(found.began_ms))?;
    if found.operation == Operation::Copy {
        // A copy starts over.
        return Ok(());
    }
    writeln!(out, "  done:  {} of {}", found.done, words::count(found.steps as u64, "step"))?;
    let next = found.next.as_deref().unwrap_or("verify and stamp");
    writeln!(out, "  next:  {next}")
}
