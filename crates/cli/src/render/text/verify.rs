use std::io::{self, Write};

use super::check::{place, write_differences};
use crate::outcome::VerifiedDatabase;
use crate::render::words::count;

/// Says whether a database is sound.
pub(super) fn write(out: &mut impl Write, found: &VerifiedDatabase) -> io::Result<()> {
    let VerifiedDatabase { database, verified } = found;
    writeln!(out, "{database}: {}", place(&verified.checked.position))?;
    write_differences(out, &verified.checked)?;
    if !verified.violations.is_empty() {
        writeln!(out, "rows that do not fit together:")?;
    }
    for violation in &verified.violations {
        let rows = count(violation.count, "row");
        writeln!(out, "  {}: {rows} {}", violation.table, violation.problem)?;
    }
    if verified.is_sound() { writeln!(out, "nothing is wrong with it") } else { Ok(()) }
}
