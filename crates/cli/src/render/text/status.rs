use std::io::{self, Write};

use mlflow_migrate_core::error::Unfinished;
use mlflow_migrate_core::report::status::Status;

use super::check::place;
use crate::clock;
use crate::outcome::OfDatabase;
use crate::render::words;

/// Writes the database's position, or its unfinished upgrade.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<Status>) -> io::Result<()> {
    match &found.result {
        Status::Settled(position) => {
            writeln!(out, "{}: {}, no upgrade is in progress", found.database, place(position))
        }
        Status::Unfinished(unfinished) => write_unfinished(out, &found.database, unfinished),
    }
}

pub(super) fn write_unfinished(
    out: &mut impl Write,
    database: &str,
    found: &Unfinished,
) -> io::Result<()> {
    let to = words::revision(found.to.as_deref());
    writeln!(out, "{database}: an upgrade from {} to {to} is unfinished", found.from)?;
    writeln!(out, "  began: {}", clock::moment(found.began_ms))?;
    writeln!(out, "  done:  {} of {}", found.done, words::count(found.steps as u64, "step"))?;
    let next = found.next.as_deref().unwrap_or("verify and stamp");
    writeln!(out, "  next:  {next}")?;
    writeln!(out, "{}", mlflow_migrate::hint_on_unfinished(found))
}
