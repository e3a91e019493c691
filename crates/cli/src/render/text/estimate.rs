use std::io::{self, Write};

use mlflow_migrate_core::report::estimate::{Estimate, Metrics, RebuiltTable};

use crate::outcome::OfDatabase;
use crate::render::words::{bytes, count, number, revision};

/// Writes how much work an upgrade is.
pub(super) fn write(out: &mut impl Write, estimated: &OfDatabase<Estimate>) -> io::Result<()> {
    let OfDatabase { database, result: estimate } = estimated;
    let (from, to) = (revision(estimate.from.as_deref()), revision(estimate.to.as_deref()));
    writeln!(out, "{database}: from {from} to {to}")?;
    if let Some(metrics) = &estimate.metrics {
        let due = if estimate.latest_metrics_due { "" } else { ", which is not on this path" };
        writeln!(out, "metrics, whose newest entries 89d4b8295536 computes{due}:")?;
        write_metrics(out, metrics)?;
    }
    write_rebuilt(out, &estimate.rebuilt)?;
    if !estimate.data_migrations.is_empty() {
        writeln!(out, "data migrations, and the rows of the tables that they read:")?;
    }
    for migration in &estimate.data_migrations {
        let rows = number(migration.rows);
        writeln!(out, "  {rows:>13}  {}: {}", migration.revision, migration.title)?;
    }
    Ok(())
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

fn write_rebuilt(out: &mut impl Write, rebuilt: &[RebuiltTable]) -> io::Result<()> {
    if rebuilt.is_empty() {
        return writeln!(out, "no table that holds rows is rewritten");
    }
    writeln!(out, "tables that are rewritten, with their rows and bytes:")?;
    let width = rebuilt.iter().map(|table| table.table.len()).max().unwrap_or_default();
    for table in rebuilt {
        let rows = number(table.rows);
        let size = table.bytes.map_or_else(|| "-".to_owned(), bytes);
        let often = match table.rebuilds {
            1 => String::new(),
            often => format!("  {often} times"),
        };
        writeln!(out, "  {rows:>13}  {:<width$}  {size:>11}{often}", table.table)?;
    }
    let rows = rebuilt.iter().map(|table| table.rows).sum();
    let all: Option<u64> = rebuilt.iter().map(|table| table.bytes).sum();
    let size = all.map_or(String::new(), |all| format!(", {}", bytes(all)));
    writeln!(out, "  in all {}{size}", count(rows, "row"))
}
