//! 89d4b8295536: the newest entry of every (run, metric).

use std::collections::BTreeMap;

use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::data::latest_metrics::newest_entries;
use mlflow_migrate_tests::capability::{CASE_IS_IGNORED, SQLITE};
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{tests, wait};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use super::upgraded;

pub(crate) const TESTS: &[Test] = tests![
    the_result_is_the_definitions,
    the_newest_spelling_of_a_key_is_kept => CASE_IS_IGNORED,
    where_a_number_and_a_nan_agree_the_number_wins,
    a_nan_counts_as_zero,
    the_leftovers_of_a_run_that_failed_are_replaced,
    the_whole_way_from_base_is_the_same,
    metrics_need_no_rowid => SQLITE,
];

const BEFORE: &str = "7ac759974ad8";
const AFTER: &str = "89d4b8295536";
const RUNS: [&str; 4] = ["a", "b", "c", "d"];

/// One entry of a metric.
#[derive(Clone, Debug)]
struct Entry {
    run: &'static str,
    key: &'static str,
    step: i64,
    timestamp: i64,
    value: f64,
    is_nan: bool,
}

impl Entry {
    fn row(&self, server: &TestServer) -> Vec<Cell> {
        // No negative zero comes back out of SQLite or MariaDB.
        let value = if server.keeps_negative_zero() { self.value } else { self.value + 0.0 };
        vec![
            self.run.into(),
            self.key.into(),
            self.step.into(),
            self.timestamp.into(),
            value.into(),
            i64::from(self.is_nan).into(),
        ]
    }

    /// What orders the entries of one metric of one run: a number before a NaN.
    fn is_newer_than(&self, other: &Self) -> bool {
        let place = |entry: &Self| (entry.step, entry.timestamp);
        let later = place(self).cmp(&place(other));
        let greater = later.then(self.value.partial_cmp(&other.value).unwrap());
        greater.then(other.is_nan.cmp(&self.is_nan)).is_gt()
    }

    /// Whether the two cannot both be logged, or come so close that no server has to tell which of
    /// them is the newest: by the sign of a zero.
    fn is_as_good_as(&self, other: &Self, server: &TestServer) -> bool {
        let place =
            |entry: &Self| (entry.run, folded(entry.key, server), entry.step, entry.timestamp);
        let is_same_number = self.value.to_bits() == other.value.to_bits();
        place(self) == place(other)
            && self.value == other.value
            && (self.is_nan == other.is_nan || !is_same_number)
    }
}

/// The key that all spellings share which are one to the server.
fn folded(key: &str, server: &TestServer) -> String {
    if server.ignores_case() { key.to_lowercase() } else { key.to_owned() }
}

/// The same rows with keys as they compare, in order.
fn comparable(mut rows: Vec<Vec<Cell>>, server: &TestServer) -> Vec<Vec<Cell>> {
    for row in &mut rows {
        if let Cell::Text(key) = &mut row[1] {
            *key = folded(key, server);
        }
    }
    rows.sort();
    rows
}

/// The definition, in memory.
fn newest(entries: &[Entry], server: &TestServer) -> Vec<Vec<Cell>> {
    let mut newest: BTreeMap<(&str, String), &Entry> = BTreeMap::new();
    for entry in entries {
        let known = newest.entry((entry.run, folded(entry.key, server))).or_insert(entry);
        if entry.is_newer_than(known) {
            *known = entry;
        }
    }
    comparable(newest.into_values().map(|entry| entry.row(server)).collect(), server)
}

fn log(server: &TestServer, database: &dyn TestDatabase, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    let rows: Vec<String> = entries
        .iter()
        .map(|one| {
            let Entry { run, key, step, timestamp, value, is_nan } = one;
            let value = server.float(*value);
            format!("('{run}', '{key}', {step}, {timestamp}, {value}, {is_nan})")
        })
        .collect();
    database.run(&format!(
        r#"INSERT INTO metrics (run_uuid, "key", step, timestamp, value, is_nan) VALUES {}"#,
        rows.join(", ")
    ));
}

fn latest(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(
        r#"SELECT run_uuid, "key", step, timestamp, value, is_nan FROM latest_metrics
           ORDER BY run_uuid, "key""#,
    )
}

/// What the statement gives that runs where a backend has no better one.
async fn neutral(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    let mut backend = database.connect().await.unwrap();
    backend.begin(SessionMode::Read).await.unwrap();
    let rows = backend.query(newest_entries()).await.unwrap();
    backend.rollback().await.unwrap();
    let cell = |value: sea_query::Value| match value {
        sea_query::Value::BigInt(Some(number)) => Cell::from(number),
        sea_query::Value::Double(Some(number)) => Cell::from(number),
        sea_query::Value::String(Some(text)) => Cell::Text(text),
        other => panic!("{other:?}"),
    };
    rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect()
}

fn entry(server: &TestServer) -> impl Strategy<Value = Entry> {
    let steps = prop_oneof![select(vec![0, 0, 1, -1, i64::MIN, i64::MAX]), any::<i64>()];
    let times = prop_oneof![select(vec![0, 0, 1, -1, i64::MIN, i64::MAX]), any::<i64>()];
    let values = select(vec![0.0, -0.0, 1.0, -1.0, 1e308, -1e308, f64::MAX, f64::MIN, 5e-324, 0.1]);
    let values = prop_oneof![values, any::<f64>().prop_filter("a number", |one| one.is_finite())];
    let values = prop_oneof![4 => values.prop_map(|value| (value, false)), 1 => Just((0.0, true))];
    // MLflow stores each NaN as 0, but nothing keeps another value from standing there.
    let values = prop_oneof![9 => values, 1 => Just((1.0, true))];
    (select(RUNS.to_vec()), select(vec!["m", "M", server.widest_character()]), steps, times, values)
        .prop_map(|(run, key, step, timestamp, (value, is_nan))| Entry {
            run,
            key,
            step,
            timestamp,
            value,
            is_nan,
        })
}

/// Entries in any order, each of them once.
fn entries(server: &TestServer) -> impl Strategy<Value = Vec<Entry>> {
    vec(entry(server), 0..60).prop_map(|all| {
        let mut distinct: Vec<Entry> = Vec::new();
        for entry in all {
            if !distinct.iter().any(|known| known.is_as_good_as(&entry, server)) {
                distinct.push(entry);
            }
        }
        distinct
    })
}

/// A database that has got its runs.
async fn with_runs(server: &TestServer, revision: &str) -> Box<dyn TestDatabase> {
    let database = server.at(revision).await;
    let runs = RUNS.map(|run| format!("('{run}')"));
    database.run(&format!("INSERT INTO runs (run_uuid) VALUES {}", runs.join(", ")));
    database
}

async fn the_result_is_the_definitions(server: &TestServer) {
    let cases = if server.is_sqlite() { 96 } else { 12 };
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let test = |entries: Vec<Entry>| wait(compare(server, &entries));
    let outcome = TestRunner::new(config).run(&entries(server), test);
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

async fn compare(server: &TestServer, entries: &[Entry]) -> Result<(), TestCaseError> {
    let database = with_runs(server, BEFORE).await;
    log(server, &*database, entries);
    let expected = newest(entries, server);
    prop_assert_eq!(&comparable(neutral(&*database).await, server), &expected);
    let report = upgrade(server.catalogue(), &*database, AFTER).await.unwrap();
    prop_assert_eq!(report.rows_migrated, expected.len() as u64);
    prop_assert_eq!(comparable(latest(&*database), server), written(expected, server));
    Ok(())
}

/// What the newest entries become in `latest_metrics`: MLflow writes them through psycopg2, for which a
/// negative zero is a zero.
fn written(mut rows: Vec<Vec<Cell>>, server: &TestServer) -> Vec<Vec<Cell>> {
    for cell in rows.iter_mut().flatten().filter(|_| server.is_postgres()) {
        if *cell == Cell::from(-0.0) {
            *cell = Cell::from(0.0);
        }
    }
    rows
}

async fn the_newest_spelling_of_a_key_is_kept(server: &TestServer) {
    for (older, newer) in [("m", "M"), ("M", "m")] {
        let database = with_runs(server, BEFORE).await;
        let entries = [
            Entry { key: older, ..POINT },
            Entry { key: newer, step: 3, ..POINT },
            Entry { key: older, step: 2, ..POINT },
        ];
        log(server, &*database, &entries);
        assert_eq!(neutral(&*database).await, [entries[1].row(server)]);
        upgraded(server, &*database, AFTER).await;
        assert_eq!(latest(&*database), [entries[1].row(server)]);
    }
}

const POINT: Entry = Entry { run: "a", key: "m", step: 1, timestamp: 1, value: 0.0, is_nan: false };

/// MLflow's own query returns both entries, and fails.
async fn where_a_number_and_a_nan_agree_the_number_wins(server: &TestServer) {
    for entries in
        [[POINT, Entry { is_nan: true, ..POINT }], [Entry { is_nan: true, ..POINT }, POINT]]
    {
        let database = with_runs(server, BEFORE).await;
        log(server, &*database, &entries);
        assert_eq!(neutral(&*database).await, [POINT.row(server)]);
        upgraded(server, &*database, AFTER).await;
        assert_eq!(latest(&*database), [POINT.row(server)]);
    }
}

/// A NaN is compared by its stored value.
async fn a_nan_counts_as_zero(server: &TestServer) {
    let nan = Entry { is_nan: true, ..POINT };
    for (value, expected) in [(-1.0, nan.clone()), (1.0, Entry { value: 1.0, ..POINT })] {
        let database = with_runs(server, BEFORE).await;
        log(server, &*database, &[nan.clone(), Entry { value, ..POINT }]);
        upgraded(server, &*database, AFTER).await;
        assert_eq!(latest(&*database), [expected.row(server)]);
    }
}

/// MLflow answers `table latest_metrics already exists`.
async fn the_leftovers_of_a_run_that_failed_are_replaced(server: &TestServer) {
    let database = with_runs(server, BEFORE).await;
    let float = server.float_type();
    database.run(&format!(
        r#"CREATE TABLE latest_metrics (
            "key" VARCHAR(250) NOT NULL, value {float} NOT NULL, timestamp BIGINT,
            step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL,
            CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid),
            FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid))"#,
    ));
    database.run(
        r#"INSERT INTO latest_metrics ("key", value, timestamp, step, is_nan, run_uuid) VALUES
            ('m', 5.0, 5, 5, FALSE, 'a'), ('gone', 5.0, 5, 5, FALSE, 'b')"#,
    );
    log(server, &*database, &[POINT]);
    upgraded(server, &*database, server.head()).await;
    assert_eq!(latest(&*database), [POINT.row(server)]);
}

async fn the_whole_way_from_base_is_the_same(server: &TestServer) {
    let database = with_runs(server, "base").await;
    database.run(
        r#"INSERT INTO metrics (run_uuid, "key", timestamp, value) VALUES
            ('a', 'm', 2, 1.5), ('a', 'm', 3, -7.0), ('b', 'm', 0, 0.1)"#,
    );
    upgraded(server, &*database, server.head()).await;
    let tenth = if server.has_32_bit_base_metrics() { f64::from(0.1_f32) } else { 0.1 };
    let expected = [
        Entry { step: 0, timestamp: 3, value: -7.0, ..POINT },
        Entry { run: "b", step: 0, timestamp: 0, value: tenth, ..POINT },
    ];
    assert_eq!(latest(&*database), expected.map(|entry| entry.row(server)));
}

/// Tables of SQLite's that have no rowid, or whose rowid goes by another name.
async fn metrics_need_no_rowid(server: &TestServer) {
    for (first, end) in [("", " WITHOUT ROWID"), ("rowid INTEGER DEFAULT 7, ", "")] {
        let database = server.at(BEFORE).await;
        let sql = database.query("SELECT sql FROM sqlite_schema WHERE name = 'metrics'");
        let Some(Cell::Text(sql)) = sql.first().and_then(|row| row.first()) else {
            panic!("{sql:?}")
        };
        let sql = sql.replacen("(", &format!("({first}"), 1);
        database.run(&format!("DROP TABLE metrics; {sql}{end}"));
        database.run("INSERT INTO runs (run_uuid) VALUES ('a'), ('b')");
        let newer = Entry { step: 2, ..POINT };
        log(server, &*database, &[POINT, newer.clone(), Entry { run: "b", ..POINT }]);
        upgraded(server, &*database, server.head()).await;
        let expected = [newer, Entry { run: "b", ..POINT }];
        assert_eq!(latest(&*database), expected.map(|entry| entry.row(server)), "{first}{end}");
    }
}
