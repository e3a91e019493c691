use std::io::{self, Write};

use mlflow_migrate_core::copy::{CopyComparison, CopyReport, Renumbered};
use mlflow_migrate_core::error::CopyFinding;

use super::problems;
use crate::outcome::{CopyPreviewed, OfCopy};
use crate::render::visible::one_line;
use crate::render::words::{count, count_of, duration, revision};

/// The most names in a line.
const NAMES: usize = 10;

/// Writes what was copied.
pub(super) fn write(out: &mut impl Write, copied: &OfCopy<CopyReport>) -> io::Result<()> {
    let OfCopy { source, database, result: report } = copied;
    let at = revision(report.revision.as_deref());
    let tables = count_of(&report.tables, "table");
    let (rows, time) = (count(report.rows, "row"), duration(report.seconds));
    match report.was_copied {
        true => writeln!(out, "{database}: holds the rows of {source} already, at {at}")?,
        false => {
            writeln!(out, "{database}: copied from {source} at {at}, {rows} in {tables}, {time}")?;
            writeln!(out, "every table was read back, and equals its source")?;
        }
    }
    write_skipped(out, &report.skipped)?;
    for table in report.tables.iter().filter(|table| table.skipped > 0) {
        writeln!(out, "  {}: {} left out", table.table, count(table.skipped, "row"))?;
    }
    for rewritten in &report.rewritten {
        let rows = count(rewritten.rows, "place");
        writeln!(out, "rewritten: {} of {}.{}", rows, rewritten.table, rewritten.column)?;
    }
    write_renumbered(out, &report.renumbered)?;
    write_left_out(out, &report.left_out)?;
    if let Some(upgrade) = &report.upgrade {
        let revisions = count_of(&upgrade.revisions, "revision");
        writeln!(out, "upgraded to {}: {revisions}", revision(upgrade.to.as_deref()))?;
    }
    match report.releases.as_slice() {
        [] => Ok(()),
        releases => writeln!(out, "MLflow {} expects this database", releases.join(", ")),
    }
}

/// Writes what a copy would do, and what prevents it.
pub(super) fn write_preview(out: &mut impl Write, found: &OfCopy<CopyPreviewed>) -> io::Result<()> {
    let OfCopy { source, database, result: preview } = found;
    let at = revision(preview.revision.as_deref());
    let rows = count(preview.tables.iter().map(|table| table.rows).sum(), "row");
    let tables = count_of(&preview.tables, "table");
    writeln!(out, "{source}: at {at}, {rows} in {tables} would be copied to {database}")?;
    for table in preview.tables.iter().filter(|table| table.rows > 0) {
        writeln!(out, "  {}: {}", table.table, count(table.rows, "row"))?;
    }
    write_left_out(out, &preview.left_out)?;
    problems::write(out, &preview.problems)?;
    for finding in &preview.findings {
        let fate = match (finding.is_skippable, preview.skips_invalid) {
            (true, true) => "would be left out",
            (true, false) => "prevents the copy; `--skip-invalid` leaves these rows out",
            (false, _) => "prevents the copy",
        };
        writeln!(out, "{}: {fate}", one_line(&finding.to_string()))?;
        if let Some(query) = &finding.query {
            writeln!(out, "  find all: {}", one_line(query))?;
        }
    }
    if preview.is_possible() { writeln!(out, "nothing prevents the copy") } else { Ok(()) }
}

/// Writes whether a copy equals its source.
pub(super) fn write_comparison(
    out: &mut impl Write,
    found: &OfCopy<CopyComparison>,
) -> io::Result<()> {
    let OfCopy { source, database, result: compared } = found;
    let different = compared.tables.iter().filter(|table| !table.is_equal());
    for table in different {
        let (expected, found) = (table.source_rows, table.destination_rows);
        let rows =
            format!("{} at the source, {} here", count(expected, "row"), count(found, "row"));
        writeln!(out, "{database}: {} differs ({rows})", table.table)?;
    }
    if compared.is_equal() {
        let rows = count(compared.tables.iter().map(|table| table.destination_rows).sum(), "row");
        let tables = count_of(&compared.tables, "table");
        writeln!(out, "{database}: has the same rows as {source}, {rows} in {tables}")?;
    }
    Ok(())
}

/// Writes what prevents a copy, each with the query that finds its rows.
pub(super) fn write_findings(out: &mut impl Write, findings: &[CopyFinding]) -> io::Result<()> {
    for finding in findings {
        writeln!(out, "  {}", one_line(&finding.to_string()))?;
        if let Some(query) = &finding.query {
            writeln!(out, "    find all: {}", one_line(query))?;
        }
    }
    Ok(())
}

fn write_skipped(out: &mut impl Write, skipped: &[CopyFinding]) -> io::Result<()> {
    skipped
        .iter()
        .try_for_each(|finding| writeln!(out, "left out: {}", one_line(&finding.to_string())))
}

fn write_renumbered(out: &mut impl Write, renumbered: &[Renumbered]) -> io::Result<()> {
    if renumbered.is_empty() {
        return Ok(());
    }
    let experiments = count_of(renumbered, "experiment");
    let shown = renumbered.iter().take(NAMES).map(|it| format!("{} is {} now", it.from, it.to));
    let shown: Vec<String> = shown.collect();
    let more = if renumbered.len() > NAMES { ", …" } else { "" };
    writeln!(out, "renumbered {experiments}: {}{more}", shown.join(", "))
}

fn write_left_out(out: &mut impl Write, left_out: &[String]) -> io::Result<()> {
    if left_out.is_empty() {
        return Ok(());
    }
    let named: Vec<&str> = left_out.iter().take(NAMES).map(String::as_str).collect();
    let more = match left_out.len().saturating_sub(NAMES) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    writeln!(out, "not MLflow's, and left behind: {}{more}", one_line(&named.join(", ")))
}
