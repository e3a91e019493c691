use std::io::{self, Write};

use super::status::write_unfinished;
use crate::outcome::{History, HistoryEntry};

/// Lists the revisions, newest first, each with its day and its first release.
pub(super) fn write(out: &mut impl Write, history: &History) -> io::Result<()> {
    for entry in &history.history {
        let HistoryEntry { revision, date, title, release, is_current, .. } = entry;
        let mark = mark(*is_current);
        let date = date.as_deref().unwrap_or("-");
        let release = release.as_deref().unwrap_or("-");
        writeln!(out, "{mark} {revision:<13}  {date:<10}  {release:<8}  {title}")?;
    }
    let mark = mark(history.base.is_current);
    let release = history.base.release.as_deref().unwrap_or("-");
    writeln!(out, "{mark} {:<13}  {:<10}  {release:<8}  the first schema", "base", "-")?;
    if let (Some(database), Some(unfinished)) = (&history.database, &history.unfinished) {
        return write_unfinished(out, database, unfinished);
    }
    if let Some(database) = &history.database {
        let is_marked = history.base.is_current || history.history.iter().any(|one| one.is_current);
        match is_marked {
            true => writeln!(out, "* {database} is here")?,
            false => writeln!(out, "{database} is empty")?,
        }
    }
    Ok(())
}

fn mark(is_current: bool) -> char {
    if is_current { '*' } else { ' ' }
}
