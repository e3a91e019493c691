use std::io::{self, Write};

use mlflow_migrate_core::UpgradeReport;
use mlflow_migrate_core::error::shell_word;

use super::cleanup::write_pending;
use crate::outcome::{Finished, OfDatabase};
use crate::render::one_line;
use crate::render::words::{count, count_of, duration, number, releases, revision};

/// Writes what an upgrade did, and which MLflow releases fit the database now.
pub(super) fn write(out: &mut impl Write, finished: &OfDatabase<Finished>) -> io::Result<()> {
    let OfDatabase { database, result } = finished;
    let Finished { report, source, show_timings } = result;
    let to = revision(report.to.as_deref());
    let time = duration(report.seconds);
    if report.created {
        writeln!(out, "{database}: created at {to} in {time}")?;
    } else if report.from == report.to && !report.steps.is_empty() {
        writeln!(out, "{database}: at {to} already, cleaned up in {time}")?;
    } else if report.from == report.to {
        writeln!(out, "{database}: at {to} already, nothing to do")?;
    } else {
        let from = revision(report.from.as_deref());
        writeln!(out, "{database}: upgraded from {from} to {to} in {time}")?;
    }
    let changes = changes(report);
    if !changes.is_empty() {
        writeln!(out, "  changed:  {}", changes.join(", "))?;
    }
    let rows = rows(report);
    if !rows.is_empty() {
        writeln!(out, "  rows:     {}", rows.join(", "))?;
    }
    for omission in &report.omissions {
        writeln!(out, "  left out: {}", one_line(&omission.to_string()))?;
    }
    writeln!(out, "  fits:     {}", fits(&report.releases))?;
    write_pending(out, &report.pending_cleanup)?;
    if let Some(backup) = &report.backup {
        let backup = backup.display().to_string();
        writeln!(out, "  backup:   {backup}")?;
        let [of, from] = [database, &backup].map(|name| shell_word(name));
        writeln!(out, "  undo:     mlflow-migrate restore {of} --from {from}")?;
    }
    if let Some(source) = source {
        writeln!(out, "  source:   {source}, unchanged")?;
    }
    if *show_timings {
        write_timings(out, report)?;
    }
    Ok(())
}

fn write_timings(out: &mut impl Write, report: &UpgradeReport) -> io::Result<()> {
    for step in &report.steps {
        let revisions = match step.revisions.as_slice() {
            [] => String::new(),
            revisions => format!("  ({})", revisions.join(", ")),
        };
        writeln!(out, "  {:>8.3} s  {}{revisions}", step.seconds, step.title)?;
    }
    Ok(())
}

/// Returns the releases that expect a revision, in words.
pub(super) fn fits(expecting: &[String]) -> String {
    releases(expecting).unwrap_or_else(|| {
        "no MLflow release exactly; `mlflow-migrate history` lists the next ones".to_owned()
    })
}

fn changes(report: &UpgradeReport) -> Vec<String> {
    let mut changes = Vec::new();
    if !report.revisions.is_empty() {
        changes.push(count_of(&report.revisions, "revision"));
    }
    if report.tables_created > 0 {
        changes.push(format!("{} created", count(report.tables_created as u64, "table")));
    }
    if report.tables_changed > 0 {
        changes.push(format!("{} changed", count(report.tables_changed as u64, "table")));
    }
    changes
}

/// Returns how many rows the table changes have copied, and the data migrations have written.
fn rows(report: &UpgradeReport) -> Vec<String> {
    let of_changes = report.steps.iter().filter(|step| !step.is_migration);
    let rewritten: u64 = of_changes.filter_map(|step| step.rows).sum();
    let amounts = [(rewritten, "rewritten"), (report.rows_migrated, "written")];
    let amounts = amounts.into_iter().filter(|(rows, _)| *rows > 0);
    amounts.map(|(rows, how)| format!("{} {how}", number(rows))).collect()
}
