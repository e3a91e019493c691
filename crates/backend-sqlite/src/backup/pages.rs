//! Writes the pages of one database into another with SQLite's backup API.

use std::time::{Duration, Instant};

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ffi};

use crate::error::Context;

const PAGES_A_STEP: i32 = 4096;
const BETWEEN_TRIALS: Duration = Duration::from_millis(20);

/// Overwrites the target with the source. Until the last page is written, the target can roll back.
pub(crate) fn write_pages(
    source: &Connection,
    target: &mut Connection,
    context: Context<'_>,
) -> rusqlite::Result<()> {
    // One read transaction spans the whole copy. Otherwise another process's change would make the
    // copy start again.
    source.execute_batch("BEGIN; SELECT count(*) FROM sqlite_schema")?;
    let backup = Backup::new(source, target)?;
    let waiting_ends = Duration::from_secs(context.waited_seconds);
    let mut waits_since = None;
    loop {
        match backup.step(PAGES_A_STEP)? {
            StepResult::Done => break,
            StepResult::More => continue,
            _ => {}
        }
        // If this process holds the lock itself, nothing would ever release it.
        if waits_since.get_or_insert_with(Instant::now).elapsed() >= waiting_ends {
            let error = ffi::Error::new(ffi::SQLITE_BUSY);
            return Err(rusqlite::Error::SqliteFailure(error, None));
        }
        std::thread::sleep(BETWEEN_TRIALS);
    }
    drop(backup);
    source.execute_batch("COMMIT")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use std::time::Duration;

    use rusqlite::{Connection, ErrorCode};

    use super::write_pages;
    use crate::error::Context;

    /// The second path leads to the same file, but nothing shows that it does.
    #[test]
    fn what_is_locked_for_good_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut target = Connection::open(&path).unwrap();
        target.execute_batch("CREATE TABLE a (b)").unwrap();
        target.busy_timeout(Duration::ZERO).unwrap();
        let source = Connection::open(&path).unwrap();
        let context = Context { name: "a.db", waited_seconds: 0 };
        let error = write_pages(&source, &mut target, context).unwrap_err();
        assert_eq!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy), "{error}");
    }
}
