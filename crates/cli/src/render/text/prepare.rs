use std::io::{self, Write};

use mlflow_migrate_core::prepare::PrepareReport;

use crate::outcome::OfDatabase;
use crate::render::words::{duration, indexes, revision};

/// Writes what was built or dropped, and what is left to the upgrade.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<PrepareReport>) -> io::Result<()> {
    let OfDatabase { database, result } = found;
    let at = revision(result.from.as_deref());
    let time = duration(result.seconds);
    if result.is_undone {
        let indexes = indexes(result.indexes.len() as u64);
        writeln!(out, "{database}: at {at}, dropped {indexes} of later revisions, {time}")?;
        let mut dropped = result.indexes.iter();
        return dropped.try_for_each(|it| writeln!(out, "  {} of {}", it.index, it.table));
    }
    let to = revision(result.to.as_deref());
    match (result.indexes.as_slice(), result.earlier_indexes.as_slice()) {
        ([], []) => writeln!(out, "{database}: at {at}, nothing to prepare for {to}")?,
        ([], _) => writeln!(out, "{database}: at {at}, prepared for {to} already")?,
        _ => writeln!(out, "{database}: at {at}, prepared for {to} in {time}")?,
    }
    for built in &result.indexes {
        let time = duration(built.seconds);
        writeln!(out, "  built {} of {}, {time}", built.index, built.table)?;
    }
    for earlier in &result.earlier_indexes {
        writeln!(out, "  {} of {} was there", earlier.index, earlier.table)?;
    }
    for left in &result.left_to_upgrade {
        writeln!(out, "  left to the upgrade: {} of {}: {}", left.index, left.table, left.reason)?;
    }
    if result.indexes.is_empty() && result.earlier_indexes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "`mlflow-migrate upgrade` finds these indexes done; `mlflow db upgrade` would stop at them"
    )?;
    writeln!(out, "`mlflow-migrate prepare --undo` drops them again")
}
