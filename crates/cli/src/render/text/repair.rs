use std::io::{self, Write};

use mlflow_migrate_core::upgrade::repair::RepairReport;

use super::problems;
use crate::outcome::{OfDatabase, Repaired};
use crate::render::words::{count, count_of, duration, revision};

/// Writes what was repaired, or would be, and what is left.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<Repaired>) -> io::Result<()> {
    let OfDatabase { database, result: Repaired { report, is_dry_run, problems } } = found;
    let at = revision(report.revision.as_deref());
    match (report.repairs.is_empty(), is_dry_run) {
        (true, _) if !report.steps.is_empty() => {
            writeln!(out, "{database}: at {at}, the interrupted repair is finished")?;
        }
        (true, _) if report.is_sound() => {
            writeln!(out, "{database}: at {at}, nothing to repair")?;
        }
        (true, _) => writeln!(out, "{database}: at {at}, nothing can be repaired")?,
        (false, true) => {
            let steps = count_of(&report.planned, "step");
            writeln!(out, "{database}: at {at}, a repair puts this right in {steps}:")?;
        }
        (false, false) => {
            let time = duration(report.seconds);
            writeln!(out, "{database}: at {at}, repaired in {time}:")?;
        }
    }
    report.repairs.iter().try_for_each(|repair| writeln!(out, "  {repair}"))?;
    if *is_dry_run && !report.planned.is_empty() {
        writeln!(out, "the steps:")?;
        let mut numbered = (1..).zip(&report.planned);
        numbered.try_for_each(|(number, title)| writeln!(out, "  {number}  {title}"))?;
    }
    problems::write(out, problems)?;
    write_remaining(out, report)
}

fn write_remaining(out: &mut impl Write, report: &RepairReport) -> io::Result<()> {
    if report.is_sound() {
        return Ok(());
    }
    writeln!(out, "left, since no repair is safe:")?;
    report.remaining.iter().try_for_each(|difference| writeln!(out, "  {difference}"))?;
    for violation in &report.remaining_rows {
        let rows = count(violation.count, "row");
        writeln!(out, "  {}: {rows} {}", violation.table, violation.problem)?;
    }
    writeln!(
        out,
        "hint: correct these by hand, or restore a backup; then run `mlflow-migrate verify`"
    )
}
