use std::io::{self, Write};

use mlflow_migrate_core::error::Loss;

use super::upgrade::fits;
use super::{plan, problems};
use crate::outcome::{DowngradePreviewed, Downgraded, OfDatabase};
use crate::render::words::{count, count_of, duration, revision};

/// Writes what a downgrade did, and which MLflow releases fit the database now.
pub(super) fn write(out: &mut impl Write, done: &OfDatabase<Downgraded>) -> io::Result<()> {
    let OfDatabase { database, result: report } = done;
    let to = revision(report.to.as_deref());
    if report.from == report.to {
        return writeln!(out, "{database}: at {to} already, nothing to do");
    }
    let (from, time) = (revision(report.from.as_deref()), duration(report.seconds));
    writeln!(out, "{database}: downgraded from {from} to {to} in {time}")?;
    let mut changes = vec![format!("{} undone", count_of(&report.revisions, "revision"))];
    for (tables, how) in [(report.tables_dropped, "dropped"), (report.tables_changed, "changed")] {
        if tables > 0 {
            changes.push(format!("{} {how}", count(tables as u64, "table")));
        }
    }
    writeln!(out, "  changed:  {}", changes.join(", "))?;
    report.losses.iter().try_for_each(|loss| writeln!(out, "  lost:     {loss}"))?;
    writeln!(out, "  fits:     {}", fits(&report.releases))
}

/// Writes what a downgrade would do, and what it would lose.
pub(super) fn write_preview(
    out: &mut impl Write,
    found: &OfDatabase<DowngradePreviewed>,
) -> io::Result<()> {
    let OfDatabase { database, result } = found;
    plan::write_preview(out, database, &result.preview, "downgrade")?;
    write_losses(out, &result.losses, result.discards)?;
    problems::write(out, &result.problems)
}

fn write_losses(out: &mut impl Write, losses: &[Loss], discards: bool) -> io::Result<()> {
    if losses.is_empty() {
        return Ok(());
    }
    match discards {
        true => writeln!(out, "`--discard` loses:")?,
        false => writeln!(out, "the downgrade is refused without `--discard`, which loses:")?,
    }
    losses.iter().try_for_each(|loss| writeln!(out, "  {loss}"))
}
