use std::io::{self, Write};

use super::super::visible::one_line;
use super::problems;
use crate::outcome::{Diagnosed, OfDatabase};
use crate::render::words::{self, count};

/// Writes the obstacles to an upgrade.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<Diagnosed>) -> io::Result<()> {
    let OfDatabase { database, result } = found;
    let Diagnosed { position, to, revision_count, problems, warnings, disk_use, .. } = result;
    match position {
        Some(from) => {
            let to = words::revision(to.as_deref());
            let due = count(*revision_count as u64, "revision");
            writeln!(out, "{database}: at {from}, {due} to {to}")?;
        }
        None => writeln!(out, "{database}: no upgrade can be planned")?,
    }
    problems::write(out, problems)?;
    for warning in warnings {
        writeln!(out, "warning: {}", one_line(&warning.message))?;
        if !warning.reason.is_empty() {
            writeln!(out, "  why: {}", one_line(&warning.reason))?;
        }
        for remedy in &warning.remedies {
            writeln!(out, "  fix: {}", one_line(remedy))?;
        }
    }
    if let Some(disk) = disk_use {
        writeln!(out, "disk: {}", words::disk_use(disk))?;
    }
    if problems.is_empty() {
        writeln!(out, "no problem found; an upgrade can begin")
    } else {
        Ok(())
    }
}
