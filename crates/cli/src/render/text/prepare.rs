use std::io::{self, Write};

use mlflow_migrate_core::prepare::{FilledRows, LeftOut, PrepareReport};

use crate::outcome::OfDatabase;
use crate::render::words::{count, count_of, duration, indexes, revision};

/// Writes what was made or dropped, and what is left to the upgrade.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<PrepareReport>) -> io::Result<()> {
    let OfDatabase { database, result } = found;
    let (at, to) = (revision(result.from.as_deref()), revision(result.to.as_deref()));
    let time = duration(result.seconds);
    if result.is_undone {
        let objects = objects(result);
        writeln!(out, "{database}: at {at}, dropped {objects} of later revisions, {time}")?;
        for dropped in &result.rows {
            writeln!(out, "  {} of {}", count_of(&dropped.columns, "column"), dropped.table)?;
        }
        let mut dropped = result.indexes.iter();
        return dropped.try_for_each(|it| writeln!(out, "  {} of {}", it.index, it.table));
    }
    let has_filled = result.rows.iter().any(|it| it.rows > 0 || !it.columns.is_empty());
    let has_made = has_filled || !result.tables.is_empty() || !result.indexes.is_empty();
    let was_made = !result.rows.is_empty()
        || !result.earlier_tables.is_empty()
        || !result.earlier_indexes.is_empty();
    match (has_made, was_made) {
        (false, false) => writeln!(out, "{database}: at {at}, nothing to prepare for {to}")?,
        (false, true) => writeln!(out, "{database}: at {at}, prepared for {to} already")?,
        (true, _) => writeln!(out, "{database}: at {at}, prepared for {to} in {time}")?,
    }
    write_made(out, result)?;
    result.left_to_upgrade.iter().try_for_each(|left| write_left(out, left))?;
    if !has_made && !was_made {
        return Ok(());
    }
    writeln!(
        out,
        "`mlflow-migrate upgrade` finds this done; `mlflow db upgrade` would stop at it"
    )?;
    writeln!(out, "`mlflow-migrate prepare --undo` takes it back")
}

fn objects(result: &PrepareReport) -> String {
    let tables = count_of(&result.tables, "table");
    let indexes = indexes(result.indexes.len() as u64);
    match result.tables.is_empty() {
        true => indexes,
        false => format!("{tables} and {indexes}"),
    }
}

fn write_made(out: &mut impl Write, result: &PrepareReport) -> io::Result<()> {
    if !result.tables.is_empty() {
        let seconds = result.tables.iter().map(|table| table.seconds).sum();
        let (tables, time) = (count_of(&result.tables, "table"), duration(seconds));
        writeln!(out, "  created {tables}, {time}")?;
    }
    if !result.earlier_tables.is_empty() {
        let verb = if result.earlier_tables.len() == 1 { "was" } else { "were" };
        writeln!(out, "  {} {verb} there", count_of(&result.earlier_tables, "table"))?;
    }
    for filled in &result.rows {
        write_filled(out, filled)?;
    }
    for built in &result.indexes {
        let time = duration(built.seconds);
        writeln!(out, "  built {} of {}, {time}", built.index, built.table)?;
    }
    for earlier in &result.earlier_indexes {
        writeln!(out, "  {} of {} was there", earlier.index, earlier.table)?;
    }
    Ok(())
}

fn write_filled(out: &mut impl Write, filled: &FilledRows) -> io::Result<()> {
    let (rows, time) = (count(filled.rows, "row"), duration(filled.seconds));
    if !filled.columns.is_empty() {
        let (columns, table) = (count_of(&filled.columns, "column"), &filled.table);
        return match filled.rows {
            0 => writeln!(out, "  added {columns} to {table}, {time}"),
            _ => writeln!(out, "  added {columns} to {table}, and filled {rows}, {time}"),
        };
    }
    writeln!(out, "  filled {rows} of {} that had changed, {time}", filled.table)
}

fn write_left(out: &mut impl Write, left: &LeftOut) -> io::Result<()> {
    let LeftOut { table, index, reason } = left;
    match index {
        Some(index) => writeln!(out, "  left to the upgrade: {index} of {table}: {reason}"),
        None => writeln!(out, "  left to the upgrade: table {table}: {reason}"),
    }
}
