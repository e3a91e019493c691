//! Revision 89d4b8295536: the newest entry of every (run, metric), by the fastest way on MySQL.
//!
//! Servers without window functions join `metrics` with its own maxima. Which index they use then
//! depends on statistics that are stale after a rewrite. MLflow's join has run for minutes where it
//! should take seconds. So the indexes and the order of the joins are fixed here.
//!
//! One pass over an index that begins with the run finds step and timestamp. Such an index also
//! holds every column of the primary key. The rest are lookups in the primary key. The fill
//! proceeds by ranges of runs, over several connections, so the server only ever holds the metrics
//! of these ranges.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::schema::{Index, Table};

use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::Context;
use crate::quoting::quote;
use crate::ranged::{Fill, Ranges, Statement, notes};
use crate::{session, text_protocol};

const TABLE: &str = "latest_metrics";

/// The number of runs in a range, high enough to make the round trip negligible.
const RUNS: u32 = 100;

/// An index that begins with the run; the foreign key needs one.
const INDEX: &str = "SELECT INDEX_NAME FROM information_schema.STATISTICS \
                     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'metrics' \
                     AND SEQ_IN_INDEX = 1 AND COLUMN_NAME = 'run_uuid' \
                     ORDER BY INDEX_NAME LIMIT 1";

/// Removes what a failed run of MLflow has left.
const EMPTY: &str = "DELETE FROM latest_metrics";

/// Returns the statements that fill `latest_metrics` in one range; `None` without an index over runs.
pub(crate) fn script(metrics: &Table) -> Option<Vec<String>> {
    let begins_with_run = |index: &&Index| index.column_names().next() == Some("run_uuid");
    let names = metrics.indexes.iter().filter(begins_with_run).map(|index| index.name.as_str());
    let is_key = metrics.key_columns().first().is_some_and(|column| column == "run_uuid");
    let name = names.chain(is_key.then_some("PRIMARY")).min()?;
    let Statement { before, after } = statement(name);
    Some(vec![EMPTY.to_owned(), format!("{before}{after}")])
}

/// Fills `latest_metrics`, whatever the table holds, and returns its row count.
pub(crate) async fn fill(database: &mut Mysql, progress: &Progress) -> Result<Option<u64>, Error> {
    let context = database.context.clone();
    let failed = |source| context.error("filling latest_metrics", source);
    let connection = &mut database.connection;
    let index = text_protocol::value(connection, INDEX).await.map_err(failed)?;
    let Some(index) = index else { return Ok(None) };
    let noted = notes::read(connection, TABLE, &context).await?;
    if noted.is_empty() {
        // An MLflow upgrade that failed at this revision leaves the table behind, with any part of
        // its rows.
        text_protocol::run(connection, EMPTY).await.map_err(failed)?;
    }
    let number = notes::next_number(connection, &context).await?;
    let fill = Fill {
        action: "filling latest_metrics".to_owned(),
        table: TABLE.to_owned(),
        statement: statement(&index),
        total: count(connection, "runs").await.map_err(failed)?,
        range_size: Some(RUNS.into()),
        progress: progress.clone(),
        connector: database.connector.clone(),
        lease: database.lease.clone(),
        connections: database.jobs,
    };
    // Each range is a transaction of its own, which the open transaction would block.
    session::end_transaction(database, "COMMIT").await?;
    let key = vec!["run_uuid".to_owned()];
    let ranges = Ranges::new(None, "runs", key, RUNS, noted, number);
    fill.run(ranges, &mut database.connection).await?;
    session::begin_transaction(database).await?;
    notes::clear(&mut database.connection, &context).await?;
    count(&mut database.connection, TABLE).await.map(Some).map_err(failed)
}

/// Counts the pairs of run and metric.
///
/// The server steps from one pair to the next along an index, or reads the whole index, whichever
/// it estimates to be cheaper.
pub(crate) async fn count_pairs(
    connection: &mut Connection,
    context: &Context,
) -> Result<Option<u64>, Error> {
    let failed = |source| context.error("counting the pairs of run and metric", source);
    let index = text_protocol::value(connection, INDEX).await.map_err(failed)?;
    let Some(index) = index else { return Ok(None) };
    let pairs = format!(
        "(SELECT run_uuid, `key` FROM metrics FORCE INDEX ({}) GROUP BY run_uuid, `key`) AS pair",
        quote(&index)
    );
    count(connection, &pairs).await.map(Some).map_err(failed)
}

async fn count(connection: &mut Connection, table: &str) -> Result<u64, sqlx::Error> {
    let counted =
        text_protocol::value_of_tables(connection, format!("SELECT COUNT(*) FROM {table}")).await?;
    Ok(counted.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Returns the statement that fills a range of runs.
///
/// `step * 2^64 + timestamp` orders entries by step and then by timestamp. The sum keeps both
/// without loss: the server computes it as a DECIMAL, of up to 65 digits.
fn statement(index: &str) -> Statement {
    let index = quote(index);
    let agree = "m.`key` = n.`key` AND m.timestamp = n.timestamp AND m.step = n.step \
                 AND m.run_uuid = n.run_uuid";
    let before = format!(
        "INSERT INTO latest_metrics (run_uuid, `key`, step, timestamp, value, is_nan) \
         SELECT STRAIGHT_JOIN m.run_uuid, m.`key`, m.step, m.timestamp, m.value, \
         MIN(CASE WHEN m.is_nan THEN 1 ELSE 0 END) \
         FROM (SELECT STRAIGHT_JOIN m.run_uuid, m.`key`, m.step, m.timestamp, \
         MAX(m.value) AS value \
         FROM (SELECT run_uuid, `key`, MAX(step) AS step, \
         CAST(MAX(step * 18446744073709551616 + timestamp) \
         - MAX(step) * 18446744073709551616 AS SIGNED) AS timestamp \
         FROM metrics FORCE INDEX ({index})"
    );
    let after = format!(
        " GROUP BY run_uuid, `key`) AS n \
         JOIN metrics AS m FORCE INDEX (PRIMARY) ON {agree} \
         GROUP BY m.run_uuid, m.`key`, m.step, m.timestamp) AS n \
         JOIN metrics AS m FORCE INDEX (PRIMARY) ON {agree} AND m.value = n.value \
         GROUP BY m.run_uuid, m.`key`, m.step, m.timestamp, m.value"
    );
    Statement { before, after }
}

#[cfg(test)]
mod tests {
    use super::{Statement, statement};

    #[test]
    fn mysql_5_7_can_run_the_statement() {
        let Statement { before, after } = statement("run_uuid");
        assert!(!format!("{before}{after}").contains("OVER") && !before.starts_with("WITH"));
    }
}
