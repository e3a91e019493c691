use std::io::{self, Write};

use mlflow_migrate_core::error::Unfinished;
use mlflow_migrate_core::report::status::Status;

use super::check::{place, write_interrupted_mlflow};
use crate::clock;
use crate::outcome::{Activity, OfDatabase};
use crate::render::words;

/// Writes the database's position, or its running or unfinished upgrade.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<Activity>) -> io::Result<()> {
    let OfDatabase { database, result: Activity { status, upgraders } } = found;
    if !upgraders.is_empty() {
        return write_running(out, database, status.as_ref(), upgraders);
    }
    match status {
        Some(Status::Settled(position)) => {
            writeln!(out, "{database}: {}, no upgrade is in progress", place(position))?;
            write_interrupted_mlflow(out, position.interrupted_mlflow.as_ref())
        }
        Some(Status::Unfinished(unfinished)) => write_unfinished(out, database, unfinished),
        None => Ok(()),
    }
}

fn write_running(
    out: &mut impl Write,
    database: &str,
    status: Option<&Status>,
    upgraders: &[String],
) -> io::Result<()> {
    match status {
        Some(Status::Unfinished(found)) => {
            writeln!(out, "{database}: {} is running", found.describe())?;
            write_steps(out, found)?;
        }
        Some(Status::Settled(position)) => {
            writeln!(out, "{database}: {}, an upgrade is running", place(position))?;
        }
        None => writeln!(out, "{database}: an upgrade is running")?,
    }
    upgraders.iter().try_for_each(|upgrader| writeln!(out, "  by:    {upgrader}"))
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
    writeln!(out, "  done:  {} of {}", found.done, words::count(found.steps as u64, "step"))?;
    let next = found.next.as_deref().unwrap_or("verify and stamp");
    writeln!(out, "  next:  {next}")
}
