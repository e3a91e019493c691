use std::io::{self, Write};

use mlflow_migrate_core::report::verify::VerifyReport;

use super::check::{place, write_differences, write_interrupted_mlflow};
use crate::outcome::OfDatabase;
use crate::render::words::count;

/// Writes whether a database is sound.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<VerifyReport>) -> io::Result<()> {
    let OfDatabase { database, result: verified } = found;
    writeln!(out, "{database}: {}", place(&verified.checked.position))?;
    write_interrupted_mlflow(out, verified.checked.position.interrupted_mlflow.as_ref())?;
    write_differences(out, &verified.checked)?;
    if !verified.violations.is_empty() {
        writeln!(out, "inconsistent rows:")?;
    }
    for violation in &verified.violations {
        let rows = count(violation.count, "row");
        writeln!(out, "  {}: {rows} {}", violation.table, violation.problem)?;
    }
    if verified.repairable_rows {
        writeln!(out, "hint: `mlflow-migrate repair URL` corrects such rows")?;
    }
    if verified.is_sound() { writeln!(out, "the database is sound") } else { Ok(()) }
}
