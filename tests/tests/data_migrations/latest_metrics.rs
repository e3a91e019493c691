//! 89d4b8295536: the newest entry of every (run, metric).

use std::collections::BTreeMap;

use mlflow_migrate_core::backend::Access;
use mlflow_migrate_core::data::latest_metrics::newest_entries;
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::sqlite::SqliteFile;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{at, catalogue, upgraded};

const BEFORE: &str = "7ac759974ad8";
const AFTER: &str = "89d4b8295536";
const RUNS: &str = "INSERT INTO runs (run_uuid) VALUES ('a'), ('b')";

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
    fn row(&self) -> Vec<Cell> {
        vec![
            self.run.into(),
            self.key.into(),
            self.step.into(),
            self.timestamp.into(),
            // No negative zero comes back out of SQLite.
            (self.value + 0.0).into(),
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

    fn is_same_key(&self, other: &Self) -> bool {
        !self.is_newer_than(other)
            && !other.is_newer_than(self)
            && (self.run, self.key) == (other.run, other.key)
    }
}

/// The definition, in memory.
fn newest(entries: &[Entry]) -> Vec<Vec<Cell>> {
    let mut newest: BTreeMap<(&str, &str), &Entry> = BTreeMap::new();
    for entry in entries {
        let known = newest.entry((entry.run, entry.key)).or_insert(entry);
        if entry.is_newer_than(known) {
            *known = entry;
        }
    }
    newest.into_values().map(Entry::row).collect()
}

fn log(database: &dyn TestDatabase, entries: &[Entry]) {
    if entries.is_empty() {
        return;
    }
    let rows: Vec<String> = entries
        .iter()
        .map(|one| {
            let Entry { run, key, step, timestamp, value, is_nan } = one;
            format!("('{run}', '{key}', {step}, {timestamp}, {value:?}, {is_nan})")
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
    backend.begin(Access::Read).await.unwrap();
    let rows = backend.query(newest_entries()).await.unwrap();
    backend.rollback().await.unwrap();
    let cell = |value: sea_query::Value| match value {
        sea_query::Value::BigInt(Some(number)) => Cell::from(number),
        sea_query::Value::Double(Some(number)) => Cell::from(number),
        sea_query::Value::String(Some(text)) => Cell::Text(text),
        other => panic!("{other:?}"),
    };
    let mut rows: Vec<Vec<Cell>> =
        rows.into_iter().map(|row| row.into_iter().map(cell).collect()).collect();
    rows.sort();
    rows
}

fn entry() -> impl Strategy<Value = Entry> {
    let steps = prop_oneof![select(vec![0, 0, 1, -1, i64::MIN, i64::MAX]), any::<i64>()];
    let times = prop_oneof![select(vec![0, 0, 1, -1, i64::MIN, i64::MAX]), any::<i64>()];
    let values = select(vec![0.0, -0.0, 1.0, -1.0, 1e308, -1e308, f64::MAX, f64::MIN, 5e-324, 0.1]);
    let values = prop_oneof![values, any::<f64>().prop_filter("a number", |one| one.is_finite())];
    let values = prop_oneof![4 => values.prop_map(|value| (value, false)), 1 => Just((0.0, true))];
    // MLflow stores each NaN as 0, but nothing keeps another value from standing there.
    let values = prop_oneof![9 => values, 1 => Just((1.0, true))];
    (select(vec!["a", "b"]), select(vec!["m", "M", "ключ"]), steps, times, values).prop_map(
        |(run, key, step, timestamp, (value, is_nan))| Entry {
            run,
            key,
            step,
            timestamp,
            value,
            is_nan,
        },
    )
}

/// Entries in any order, each of them once.
fn entries() -> impl Strategy<Value = Vec<Entry>> {
    vec(entry(), 0..24).prop_map(|all| {
        let mut distinct: Vec<Entry> = Vec::new();
        for entry in all {
            if !distinct.iter().any(|known| known.is_same_key(&entry)) {
                distinct.push(entry);
            }
        }
        distinct
    })
}

#[test]
fn the_result_is_the_definitions() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let template = SqliteFile::new();
    let catalogue = catalogue();
    runtime.block_on(upgrade(&catalogue, &template, BEFORE)).unwrap();
    template.run(RUNS);
    let config =
        ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(entries in entries())| {
        let database = SqliteFile::copy_of(template.path());
        log(&database, &entries);
        let expected = newest(&entries);
        runtime.block_on(async {
            prop_assert_eq!(&neutral(&database).await, &expected);
            let report = upgrade(&catalogue, &database, AFTER).await.unwrap();
            prop_assert_eq!(report.rows_migrated, expected.len() as u64);
            prop_assert_eq!(&latest(&database), &expected);
            Ok(())
        })?;
    });
}

const POINT: Entry = Entry { run: "a", key: "m", step: 1, timestamp: 1, value: 0.0, is_nan: false };

/// MLflow's own query returns both entries, and fails.
#[tokio::test]
async fn where_a_number_and_a_nan_agree_the_number_wins() {
    for entries in
        [[POINT, Entry { is_nan: true, ..POINT }], [Entry { is_nan: true, ..POINT }, POINT]]
    {
        let database = at(BEFORE).await;
        database.run(RUNS);
        log(&*database, &entries);
        assert_eq!(neutral(&*database).await, [POINT.row()]);
        upgraded(&*database, AFTER).await;
        assert_eq!(latest(&*database), [POINT.row()]);
    }
}

/// A NaN is compared by its stored value.
#[tokio::test]
async fn a_nan_counts_as_zero() {
    let nan = Entry { is_nan: true, ..POINT };
    for (value, expected) in [(-1.0, nan.clone()), (1.0, Entry { value: 1.0, ..POINT })] {
        let database = at(BEFORE).await;
        database.run(RUNS);
        log(&*database, &[nan.clone(), Entry { value, ..POINT }]);
        upgraded(&*database, AFTER).await;
        assert_eq!(latest(&*database), [expected.row()]);
    }
}

/// MLflow answers `table latest_metrics already exists`.
#[tokio::test]
async fn the_leftovers_of_a_run_that_failed_are_replaced() {
    let database = at(BEFORE).await;
    database.run(RUNS);
    database.run(
        r#"CREATE TABLE latest_metrics (
            "key" VARCHAR(250) NOT NULL, value FLOAT NOT NULL, timestamp BIGINT,
            step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL, run_uuid VARCHAR(32) NOT NULL,
            CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid),
            FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid))"#,
    );
    database.run(
        r#"INSERT INTO latest_metrics ("key", value, timestamp, step, is_nan, run_uuid) VALUES
            ('m', 5.0, 5, 5, FALSE, 'a'), ('gone', 5.0, 5, 5, FALSE, 'b')"#,
    );
    log(&*database, &[POINT]);
    upgraded(&*database, "head").await;
    assert_eq!(latest(&*database), [POINT.row()]);
}

#[tokio::test]
async fn the_whole_way_from_base_is_the_same() {
    let database = at("base").await;
    database.run(RUNS);
    database.run(
        r#"INSERT INTO metrics (run_uuid, "key", timestamp, value) VALUES
            ('a', 'm', 2, 1.5), ('a', 'm', 3, -7.0), ('b', 'm', 0, 1e308)"#,
    );
    upgraded(&*database, "head").await;
    let expected = [
        Entry { step: 0, timestamp: 3, value: -7.0, ..POINT },
        Entry { run: "b", step: 0, timestamp: 0, value: 1e308, ..POINT },
    ];
    assert_eq!(latest(&*database), expected.map(|entry| entry.row()));
}

/// Tables of SQLite's that have no rowid, or whose rowid goes by another name.
#[tokio::test]
async fn metrics_need_no_rowid() {
    for (first, end) in [("", " WITHOUT ROWID"), ("rowid INTEGER DEFAULT 7, ", "")] {
        let database = at(BEFORE).await;
        let sql = database.query("SELECT sql FROM sqlite_schema WHERE name = 'metrics'");
        let Some(Cell::Text(sql)) = sql.first().and_then(|row| row.first()) else {
            panic!("{sql:?}")
        };
        let sql = sql.replacen("(", &format!("({first}"), 1);
        database.run(&format!("DROP TABLE metrics; {sql}{end}"));
        database.run(RUNS);
        let newer = Entry { step: 2, ..POINT };
        log(&*database, &[POINT, newer.clone(), Entry { run: "b", ..POINT }]);
        upgraded(&*database, "head").await;
        let expected = [newer, Entry { run: "b", ..POINT }];
        assert_eq!(latest(&*database), expected.map(|entry| entry.row()), "{first}{end}");
    }
}
