//! 89d4b8295536: the newest entry of every (run, metric), in the way that is fastest here.
//!
//! Servers without window functions join `metrics` with its own maxima, and which index they then
//! take depends on statistics that are stale after a rebuilding: MLflow's join has run for minutes
//! where it should take seconds. So the indexes and the order of the joins are fixed here. One pass
//! over an index that begins with the run, which holds every column of the primary key besides,
//! finds step and timestamp; what is left are lookups in the primary key. It goes from one range of
//! runs to the next, so that the server never has to hold more than their metrics.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use sea_query::Value;
use sqlx::MySqlConnection;

use crate::connect::Mysql;
use crate::rows;
use crate::text::quote;

/// How many runs a statement takes on: enough for a round trip not to count.
const RUNS: u32 = 200;

/// An index that begins with the run; the foreign key needs one.
const INDEX: &str = "SELECT INDEX_NAME FROM information_schema.STATISTICS \
                     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'metrics' \
                     AND SEQ_IN_INDEX = 1 AND COLUMN_NAME = 'run_uuid' \
                     ORDER BY INDEX_NAME LIMIT 1";

/// Fills `latest_metrics`, and tells how many rows it has got.
pub(crate) async fn fill(database: &mut Mysql, progress: &Progress) -> Result<Option<u64>, Error> {
    let filled = fill_by_runs(&mut database.connection, progress).await;
    filled.map_err(|source| database.context.error("filling latest_metrics", source))
}

async fn fill_by_runs(
    connection: &mut MySqlConnection,
    progress: &Progress,
) -> Result<Option<u64>, sqlx::Error> {
    let found = rows::fetch(connection, INDEX.to_owned(), Vec::new()).await?;
    let Some(Value::String(Some(index))) = first(found) else { return Ok(None) };
    let counted = rows::fetch(connection, "SELECT COUNT(*) FROM runs".to_owned(), Vec::new());
    let total = match first(counted.await?) {
        Some(Value::BigInt(Some(runs))) => runs.unsigned_abs(),
        _ => 0,
    };
    let (mut written, mut done) = (0, 0);
    let mut after = None;
    loop {
        let until = last_run(connection, after.as_ref()).await?;
        let (condition, bounds) = range(after.as_ref(), until.as_ref());
        written += rows::run(connection, statement(&index, &condition), bounds).await?;
        done += u64::from(RUNS);
        progress.report(done.min(total), Some(total));
        if until.is_none() {
            return Ok(Some(written));
        }
        after = until;
    }
}

fn first(rows: Vec<Vec<Value>>) -> Option<Value> {
    rows.into_iter().next().and_then(|row| row.into_iter().next())
}

/// The last run of the next range; `None` if that one goes to the end.
async fn last_run(
    connection: &mut MySqlConnection,
    after: Option<&Value>,
) -> Result<Option<Value>, sqlx::Error> {
    let (condition, bounds) = range(after, None);
    let sql = format!(
        "SELECT run_uuid FROM runs {condition} ORDER BY run_uuid LIMIT 1 OFFSET {}",
        RUNS - 1
    );
    Ok(first(rows::fetch(connection, sql, bounds).await?))
}

fn range(after: Option<&Value>, until: Option<&Value>) -> (String, Vec<Value>) {
    let conditions: Vec<&str> = [after.map(|_| "run_uuid > ?"), until.map(|_| "run_uuid <= ?")]
        .into_iter()
        .flatten()
        .collect();
    let bounds = [after, until].into_iter().flatten().cloned().collect();
    match conditions.as_slice() {
        [] => (String::new(), bounds),
        conditions => (format!("WHERE {}", conditions.join(" AND ")), bounds),
    }
}

/// `step * 2^64 + timestamp` orders entries by step and then by timestamp, and both are in it
/// without loss: the server computes it as a DECIMAL, of up to 65 digits.
fn statement(index: &str, condition: &str) -> String {
    let index = quote(index);
    let agree = "m.`key` = n.`key` AND m.timestamp = n.timestamp AND m.step = n.step \
                 AND m.run_uuid = n.run_uuid";
    format!(
        "INSERT INTO latest_metrics (run_uuid, `key`, step, timestamp, value, is_nan) \
         SELECT STRAIGHT_JOIN m.run_uuid, m.`key`, m.step, m.timestamp, m.value, \
         MIN(CASE WHEN m.is_nan THEN 1 ELSE 0 END) \
         FROM (SELECT STRAIGHT_JOIN m.run_uuid, m.`key`, m.step, m.timestamp, \
         MAX(m.value) AS value \
         FROM (SELECT run_uuid, `key`, MAX(step) AS step, \
         CAST(MAX(step * 18446744073709551616 + timestamp) \
         - MAX(step) * 18446744073709551616 AS SIGNED) AS timestamp \
         FROM metrics FORCE INDEX ({index}) {condition} GROUP BY run_uuid, `key`) AS n \
         JOIN metrics AS m FORCE INDEX (PRIMARY) ON {agree} \
         GROUP BY m.run_uuid, m.`key`, m.step, m.timestamp) AS n \
         JOIN metrics AS m FORCE INDEX (PRIMARY) ON {agree} AND m.value = n.value \
         GROUP BY m.run_uuid, m.`key`, m.step, m.timestamp, m.value"
    )
}

#[cfg(test)]
mod tests {
    use sea_query::Value;

    use super::{range, statement};

    #[test]
    fn ranges_leave_no_run_out() {
        let run = Value::from("a");
        assert_eq!(range(None, None).0, "");
        assert_eq!(range(Some(&run), None).0, "WHERE run_uuid > ?");
        assert_eq!(range(Some(&run), Some(&run)).0, "WHERE run_uuid > ? AND run_uuid <= ?");
        assert_eq!(range(None, Some(&run)).1, [run]);
    }

    #[test]
    fn mysql_5_7_can_run_the_statement() {
        let sql = statement("run_uuid", "");
        assert!(!sql.contains("OVER") && !sql.starts_with("WITH"));
    }
}
