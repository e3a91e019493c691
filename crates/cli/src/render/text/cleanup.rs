use std::io::{self, Write};

use mlflow_migrate_core::cleanup::CleanupReport;

use crate::outcome::OfDatabase;
use crate::render::words::{count, duration, revision};

/// Writes what was removed.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<CleanupReport>) -> io::Result<()> {
    let OfDatabase { database, result } = found;
    let (at, time) = (revision(result.revision.as_deref()), duration(result.seconds));
    if result.cleaned.is_empty() {
        return writeln!(out, "{database}: at {at}, nothing to clean up");
    }
    writeln!(out, "{database}: at {at}, cleaned up in {time}")?;
    result.cleaned.iter().try_for_each(|cleaned| {
        let (rows, of) = (count(cleaned.rows, "row"), &cleaned.revision);
        writeln!(out, "  removed {rows} that {of} no longer needs, {}", duration(cleaned.seconds))
    })
}

/// Writes that rows are left, and what removes them.
pub(super) fn write_pending(out: &mut impl Write, revisions: &[String]) -> io::Result<()> {
    if revisions.is_empty() {
        return Ok(());
    }
    let of = revisions.join(", ");
    writeln!(out, "  cleanup:  due for {of}; MLflow does not read the rows that are left")?;
    writeln!(out, "  hint:     `mlflow-migrate cleanup` removes them while MLflow runs")
}
