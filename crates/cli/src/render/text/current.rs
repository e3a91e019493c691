use std::io::{self, Write};

use mlflow_migrate_core::report::check::Position;

use super::check::write_wrong_stamp;
use super::cleanup::write_pending;
use super::status::write_unfinished;
use super::upgrade::fits;
use crate::outcome::{Current, OfDatabase};
use crate::render::words::{count_of, revision_and_releases};

/// Writes the revision of a database, as the first word, for tools such as `cut`.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<Current>) -> io::Result<()> {
    let OfDatabase { database, result: current } = found;
    if let Some(unfinished) = &current.unfinished {
        write!(out, "unfinished  ")?;
        return write_unfinished(out, database, unfinished);
    }
    match &current.position {
        Some(position) => write_position(out, database, current, position),
        None => Ok(()),
    }
}

fn write_position(
    out: &mut impl Write,
    database: &str,
    current: &Current,
    position: &Position,
) -> io::Result<()> {
    match (&current.title, position.location.empty) {
        (Some(title), _) => writeln!(out, "{}  {title}", position.location.label())?,
        (None, true) => writeln!(out, "empty  nothing of MLflow's is here yet")?,
        (None, false) => writeln!(out, "base  the schema before the first revision")?,
    }
    writeln!(out, "  database: {database}")?;
    if let Some(date) = &current.date {
        writeln!(out, "  revision: of {date}")?;
    }
    if !position.location.empty {
        writeln!(out, "  fits:     {}", fits(&position.releases))?;
    }
    if !position.location.empty && !position.location.stamped {
        writeln!(out, "  stamped:  no, its version table does not name it")?;
    }
    if let Some(wrong) = &current.wrong_stamp {
        write_wrong_stamp(out, wrong)?;
    }
    write_pending(out, &position.pending_cleanup)?;
    if current.is_head {
        writeln!(out, "  head:     yes")
    } else {
        let head = revision_and_releases(Some(&position.head), &position.head_releases);
        writeln!(out, "  head:     no, {} behind {head}", count_of(&position.due, "revision"))
    }
}
