use std::io::{self, Write};

use super::upgrade::fits;
use crate::outcome::{OfDatabase, Restored};

/// Writes the database's revision, and where its former content is kept.
pub(super) fn write(out: &mut impl Write, restored: &OfDatabase<Restored>) -> io::Result<()> {
    let OfDatabase { database, result: Restored { backup, kept, position } } = restored;
    writeln!(out, "{database}: restored from {backup}, at {}", position.location.label())?;
    writeln!(out, "  fits:     {}", fits(&position.releases))?;
    match kept {
        Some(kept) => writeln!(out, "  replaced: {kept}"),
        None => Ok(()),
    }
}
