//! Counts the pairs of run and metric, to compare with the latest metrics.

use mlflow_migrate_core::Error;
use rusqlite::{Connection, OptionalExtension};

use super::by_index::INDEX;
use super::rowid_name;
use crate::error::Context;

/// The number of entries that are read in the time of one index step from a pair to the next.
const ENTRIES_A_STEP: u64 = 40;

/// Counts the pairs by stepping along an index: from run to run, and from metric to metric.
///
/// SQLite uses an index for each `min`. The limits follow from the number of entries, since neither
/// runs nor pairs outnumber the entries. The limits end the loop over an index that is out of
/// order.
const STEPS: &str = "WITH RECURSIVE run(run_uuid) AS ( \
     SELECT min(run_uuid) FROM metrics UNION ALL \
     SELECT (SELECT min(m.run_uuid) FROM metrics AS m WHERE m.run_uuid > run.run_uuid) \
     FROM run WHERE run_uuid IS NOT NULL LIMIT 1 + ?1), \
     pair(run_uuid, metric) AS ( \
     SELECT run_uuid, (SELECT min(m.\"key\") FROM metrics AS m WHERE m.run_uuid = run.run_uuid) \
     FROM run WHERE run_uuid IS NOT NULL UNION ALL \
     SELECT run_uuid, (SELECT min(m.\"key\") FROM metrics AS m \
     WHERE m.run_uuid = pair.run_uuid AND m.\"key\" > pair.metric) \
     FROM pair WHERE metric IS NOT NULL LIMIT 1 + 2 * ?1) \
     SELECT count(metric) FROM pair";

/// Counts the pairs by a scan of the whole index.
const SCAN: &str = "SELECT count(*) FROM (SELECT DISTINCT run_uuid, \"key\" FROM metrics)";

/// Returns the number of pairs; `None` if no index sorts them.
pub(crate) fn count(
    connection: &Connection,
    expected: u64,
    context: Context<'_>,
) -> Result<Option<u64>, Error> {
    let count = || {
        let index: Option<String> = connection.query_row(INDEX, [], |row| row.get(0)).optional()?;
        let (Some(_), Some(rowid)) = (index, rowid_name(connection)?) else { return Ok(None) };
        let newest = format!("SELECT coalesce(max({rowid}), 0) FROM metrics");
        let entries: i64 = connection.query_row(&newest, [], |row| row.get(0))?;
        let steps = expected.saturating_mul(ENTRIES_A_STEP) < entries.unsigned_abs();
        let pairs: i64 = if steps {
            connection.query_row(STEPS, [entries], |row| row.get(0))?
        } else {
            connection.query_row(SCAN, [], |row| row.get(0))?
        };
        Ok(Some(pairs.unsigned_abs()))
    };
    count().map_err(|source| context.error("counting the pairs of run and metric", source))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{SCAN, STEPS};

    #[test]
    fn both_ways_count_the_same() {
        let connection = Connection::open_in_memory().unwrap();
        let create = "CREATE TABLE metrics (\"key\" VARCHAR(250), step BIGINT, run_uuid VARCHAR(32)); \
             CREATE INDEX by_run ON metrics (run_uuid, \"key\", step);";
        connection.execute_batch(create).unwrap();
        let count = |sql: &str| {
            let entries = if sql == STEPS { &[5000_i64][..] } else { &[] };
            let entries = rusqlite::params_from_iter(entries);
            connection.query_row(sql, entries, |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!([count(STEPS), count(SCAN)], [0, 0]);
        let fill = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999) \
             INSERT INTO metrics SELECT substr('metric', 1, i % 5), i, substr('runs', 1, i % 4) FROM n; \
             INSERT INTO metrics SELECT CAST(\"key\" AS BLOB), step, run_uuid FROM metrics LIMIT 40;";
        connection.execute_batch(fill).unwrap();
        assert_eq!(count(STEPS), count(SCAN));
        assert!(count(SCAN) > 20);
    }
}
