//! Finds out how long the server waits for its disk.
//!
//! Each change of a table, and each commit, waits until several files are on the disk. A temporary
//! table shows nothing of this, and every other statement that waits would leave a trace. But the
//! server measures its own waits (MySQL manual, "File I/O Summary Tables"). It does so unless
//! `performance_schema` is off, and shows them to users with the privilege to read them.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Flushing;

use crate::connection::Connection;
use crate::error::{Context, server_error};
use crate::text_protocol::{self, TextRow, cell};

/// Flushes of the files that every change of a table and every commit waits for.
///
/// The miscellaneous operations are nearly all flushes. The timers count picoseconds.
const WAITS: &str = "SELECT COUNT_MISC, SUM_TIMER_MISC / 1e12 \
     FROM performance_schema.file_summary_by_event_name WHERE EVENT_NAME IN \
     ('wait/io/file/innodb/innodb_log_file', 'wait/io/file/sql/binlog', \
      'wait/io/file/sql/global_ddl_log')";

/// The fewest flushes of a file that give an average.
const FEWEST: f64 = 10.0;

/// The seconds of one flush where the server does not show them.
///
/// An assumption, and no measurement. Solid-state disks that survive a power cut take less than the least,
/// disks over a network one or two milliseconds, and disks that turn the most.
const ASSUMED: [f64; 3] = [0.0001, 0.0005, 0.01];

/// How many flushes a change of an empty table takes, besides that of the commit.
///
/// On MySQL 5.6 and 9.7, and MariaDB 10.11, single statements take 7 to 37, as `performance_schema` counts.
/// Upgrades of empty tables take 12 to 16 calls of `fsync` and `fdatasync` for each change, with its commit.
const OF_CHANGE: [f64; 3] = [7.0, 12.0, 37.0];

/// Returns how long the server waits for its disk.
///
/// # Errors
/// If the connection is lost.
pub(crate) async fn of(
    connection: &mut Connection,
    is_logged: bool,
    context: &Context,
) -> Result<Flushing, Error> {
    let measured = match text_protocol::rows(connection, WAITS).await {
        Ok(rows) => average(&rows),
        // An old server, or a missing privilege.
        Err(source) if server_error(&source).is_some() => None,
        Err(source) => return Err(context.error("reading the server's waits", source)),
    };
    Ok(Flushing {
        seconds: measured.unwrap_or(ASSUMED),
        of_change: OF_CHANGE,
        of_commit: if is_logged { 2.0 } else { 1.0 },
        is_measured: measured.is_some(),
    })
}

/// Returns the average wait of the quickest file, of all files, and of the slowest one.
fn average(rows: &[TextRow]) -> Option<[f64; 3]> {
    let number = |row: &TextRow, at| cell(row, at).parse().unwrap_or(0.0);
    let files: Vec<(f64, f64)> = rows
        .iter()
        .map(|row| (number(row, 0), number(row, 1)))
        .filter(|(count, seconds)| *count >= FEWEST && *seconds > 0.0)
        .collect();
    let averages = || files.iter().map(|(count, seconds)| seconds / count);
    let (least, most) = (averages().reduce(f64::min)?, averages().reduce(f64::max)?);
    let count: f64 = files.iter().map(|(count, _)| count).sum();
    let seconds: f64 = files.iter().map(|(_, seconds)| seconds).sum();
    Some([least, seconds / count, most])
}

#[cfg(test)]
mod tests {
    use super::{TextRow, average};

    fn waits(files: &[(&str, &str)]) -> Vec<TextRow> {
        let row = |(count, seconds): &(&str, &str)| {
            vec![Some((*count).to_owned()), Some((*seconds).to_owned())]
        };
        files.iter().map(row).collect()
    }

    #[test]
    fn the_average_is_that_of_all_flushes() {
        let found = average(&waits(&[("100", "0.2"), ("300", "0.2")]));
        assert_eq!(found, Some([0.2 / 300.0, 0.001, 0.002]));
    }

    #[test]
    fn too_few_flushes_say_nothing() {
        assert_eq!(average(&waits(&[("9", "0.2"), ("100", "0")])), None);
        assert_eq!(average(&[]), None);
    }
}
