//! The bytes that an upgrade of an SQLite file writes, compared with those of one copy of `metrics`.
//!
//! The check has no company, since Linux counts what a whole process writes.

use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::sqlite::SqliteFile;
use rusqlite::Connection;

pub(crate) const CHECKS: &[Check] = checks![metrics_are_copied_at_most_once.await];

/// So many that what is written besides, the other tables, does not count.
const ENTRIES: u32 = 50_000;

/// What this process has given to the kernel to write so far (proc(5), `wchar`).
fn written() -> u64 {
    let told = std::fs::read_to_string("/proc/self/io").unwrap();
    let line = told.lines().find_map(|line| line.strip_prefix("wchar: "));
    line.unwrap().trim().parse().unwrap()
}

async fn at(state: &str) -> SqliteFile {
    let database = SqliteFile::new();
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    upgrade(&catalogue, &database, "base").await.unwrap();
    database.run(&format!(
        "INSERT INTO runs (run_uuid) WITH RECURSIVE n(value) AS
             (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT 100) SELECT 'run ' || value FROM n;
         INSERT INTO metrics (key, value, timestamp, run_uuid) WITH RECURSIVE n(value) AS
             (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT {ENTRIES})
             SELECT 'key ' || (value % 20), value, 1560000000000 + value, 'run ' || (value % 100)
             FROM n"
    ));
    upgrade(&catalogue, &database, state).await.unwrap();
    database
}

/// What one copy of `metrics` with its indexes writes, as SQLite's manual describes it.
fn copied(database: &SqliteFile) -> u64 {
    let connection = Connection::open(database.path()).unwrap();
    connection.pragma_update(None, "cache_size", -16_384).unwrap();
    let before = written();
    connection
        .execute_batch(
            "BEGIN IMMEDIATE;
             CREATE TABLE copy (key VARCHAR(250) NOT NULL, value FLOAT NOT NULL,
                 timestamp BIGINT NOT NULL, run_uuid VARCHAR(32) NOT NULL,
                 step BIGINT DEFAULT '0' NOT NULL, is_nan BOOLEAN DEFAULT '0' NOT NULL,
                 PRIMARY KEY (key, timestamp, step, run_uuid, value, is_nan));
             INSERT INTO copy (key, value, timestamp, run_uuid) SELECT key, value, timestamp, run_uuid
                 FROM metrics ORDER BY key, timestamp, run_uuid, value;
             DROP TABLE metrics;
             ALTER TABLE copy RENAME TO metrics;
             CREATE INDEX by_run ON metrics (run_uuid);
             CREATE INDEX by_step ON metrics (run_uuid, key, step);
             COMMIT",
        )
        .unwrap();
    written() - before
}

/// Its primary key gets `step` and then `is_nan`, and it is written once for both; from then on never.
async fn metrics_are_copied_at_most_once() {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let one_copy = copied(&at("base").await);
    for (state, most) in
        [("base", 1.5), ("451aebb31d03", 1.5), ("7ac759974ad8", 0.5), ("0a8213491aaa", 0.5)]
    {
        let database = at(state).await;
        let before = written();
        upgrade(&catalogue, &database, "head").await.unwrap();
        let copies = (written() - before) as f64 / one_copy as f64;
        assert!(copies < most, "from {state}: as much as {copies:.2} copies of metrics");
    }
}
