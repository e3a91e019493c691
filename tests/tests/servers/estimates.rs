//! What an estimate counts and measures, and that it leaves nothing behind.

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::estimate::{
    CalibrationOutcome, Estimate, EstimateOptions, estimate,
};
use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};
use serde_json::json;

pub(crate) const TESTS: &[Test] = tests![
    what_an_upgrade_costs_is_counted_and_measured,
    what_is_not_on_the_path_is_not_counted,
    without_a_calibration_there_are_no_seconds,
    a_data_migration_writes_the_likely_rows => EVERY_REVISION,
    what_an_old_database_lacks_is_not_written => EVERY_REVISION,
];

/// Entries of each pair of run and metric; more rows than a sample has.
const STEPS: i64 = 16;

/// The trace that all spans and tags belong to.
const ONE_TRACE: &str = "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
    INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('a', 1, 100, 'OK')";

async fn estimated(
    server: &TestServer,
    database: &dyn TestDatabase,
    target: &str,
    calibrates: bool,
) -> Estimate {
    let mut options = EstimateOptions::default();
    options.calibrates = calibrates;
    let request = UpgradeOptions::to(Target::parse(target));
    let mut backend = database.connect().await.unwrap();
    let found = estimate(&mut *backend, server.catalogue(), &request, options).await.unwrap();
    assert_fits(&found, &json!({ "event": "estimate", "database": "" }));
    found
}

/// The names of all tables, temporary ones of other sessions included.
fn tables(server: &TestServer, database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(if server.is_sqlite() {
        "SELECT name FROM sqlite_schema ORDER BY name"
    } else if server.is_postgres() {
        "SELECT relname::text FROM pg_class WHERE relkind IN ('r', 'i') \
         AND relnamespace <> 'pg_catalog'::regnamespace ORDER BY 1"
    } else {
        "SELECT TABLE_NAME FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() ORDER BY 1"
    })
}

async fn what_an_upgrade_costs_is_counted_and_measured(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, STEPS);
    let before = (tables(server, &*database), database.contents());
    let found = estimated(server, &*database, server.head(), true).await;
    assert!(before.0 == tables(server, &*database), "an object is left");
    assert!(before.1 == database.contents(), "a row or a definition has changed");

    let entries = u64::try_from(fill::ROWS_OF_A_STEP * STEPS).unwrap();
    let metrics = found.metrics.unwrap();
    assert_eq!((metrics.entries, metrics.pairs, metrics.runs), (entries, 1000, 100));
    let cost = |title: &str| found.costs.iter().find(|cost| cost.title == title).unwrap();
    let change = cost("change table metrics");
    assert_eq!((change.read.rows, change.written.rows), (entries, entries));
    assert!(change.index_builds > 0 && change.disk.tables > 0, "{change:?}");
    assert!(!change.locks.is_empty(), "{change:?}");
    let newest = cost("compute the newest entry of every (run, metric)");
    assert_eq!((newest.read.rows, newest.written.rows), (entries, 1000));
    assert!(found.disk.total() <= found.disk_at_most.total(), "{:?}", found.disk);
    for cost in &found.costs {
        assert!(cost.disk.total() <= cost.disk_at_most.total(), "{cost:?}");
        assert!(cost.read.rows > 0 || cost.written.rows > 0, "{cost:?}");
    }
    match &found.calibration {
        CalibrationOutcome::Measured { rows, seconds } => {
            assert!(*rows >= 10_000 && *seconds > 0.0, "{rows} {seconds}");
            let total = found.seconds.unwrap();
            assert!(0.0 < total.low && total.low < total.expected, "{total:?}");
            assert!(total.expected < total.high, "{total:?}");
            assert!(found.costs.iter().all(|cost| cost.seconds.unwrap().expected > 0.0));
            assert!(found.small_steps.unwrap().expected > 0.0, "{:?}", found.small_steps);
            // Only where each step commits does each step wait for the disk.
            assert_eq!(found.flush.is_some(), server.is_mysql());
        }
        // Replicas of a server that logs statements would repeat those of a calibration.
        CalibrationOutcome::Impossible { reason } => {
            assert!(server.logs_changes() && reason.contains("binlog_format"), "{reason}");
            assert!(found.seconds.is_none());
        }
        CalibrationOutcome::LeftOut => panic!("{:?}", found.calibration),
    }
}

async fn what_is_not_on_the_path_is_not_counted(server: &TestServer) {
    let database = server.at("89d4b8295536").await;
    let found = estimated(server, &*database, "+1", true).await;
    assert_eq!(found.metrics, None);
    assert!(found.costs.is_empty(), "{:?}", found.costs);
}

async fn without_a_calibration_there_are_no_seconds(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 1);
    let found = estimated(server, &*database, server.head(), false).await;
    assert_eq!(found.calibration, CalibrationOutcome::LeftOut);
    assert!(found.seconds.is_none() && found.costs.iter().all(|cost| cost.seconds.is_none()));
    assert!(found.costs.iter().any(|cost| cost.read.rows == 1000), "{:?}", found.costs);
}

/// Every fourth span names its model, which 75868b020152 writes; the others name nothing, or `null`.
async fn a_data_migration_writes_the_likely_rows(server: &TestServer) {
    const SPANS: usize = 1000;
    const ROUNDS: u64 = 3;
    let database = server.at("b7e2c1a4d9f3").await;
    database.run(ONE_TRACE);
    let named = r#"'{"mlflow.llm.model": "m", "mlflow.llm.provider": "p"}'"#;
    let dimensions = ["NULL", "NULL", "'null'", named].into_iter().cycle();
    let span =
        |(number, dimensions)| format!("('a', 1, 's{number}', 'OK', 10, 25, '{{}}', {dimensions})");
    let spans: Vec<String> = (0..SPANS).zip(dimensions).map(span).collect();
    database.run(&format!(
        "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, \
         end_time_unix_nano, content, dimension_attributes) VALUES {}",
        spans.join(", ")
    ));
    let found = estimated(server, &*database, server.head(), true).await;
    let CalibrationOutcome::Measured { rows, .. } = found.calibration else {
        return assert!(server.logs_changes(), "{:?}", found.calibration);
    };
    // Spans are read, written and changed, and copied where columns are not added instantly. No
    // database refuses a sample of these.
    let samples = if server.adds_instantly() { 3 } else { 4 };
    assert_eq!(rows, SPANS as u64 * samples * ROUNDS);
    let title = "fill the trace analytics columns";
    let cost = found.costs.iter().find(|cost| cost.title == title).unwrap();
    // Only PostgreSQL keeps the former version of a row.
    if server.is_postgres() {
        let (likely, most) = (cost.disk.tables, cost.disk_at_most.tables);
        assert!(0 < likely && 2 * likely < most, "{cost:?}");
    }
}

/// The state of MLflow 3.9 has no models of spans, and neither metrics of spans nor their table.
async fn what_an_old_database_lacks_is_not_written(server: &TestServer) {
    const ROWS: usize = 1000;
    let database = server.at("d3e4f5a6b7c8").await;
    database.run(ONE_TRACE);
    let each = |row: fn(usize) -> String| (0..ROWS).map(row).collect::<Vec<_>>().join(", ");
    let spans = each(|number| format!("('a', 1, 's{number}', 'OK', 10, 25, '{{}}')"));
    database.run(&format!(
        "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, \
         end_time_unix_nano, content) VALUES {spans}"
    ));
    let tags = each(|number| format!("('a', 'tag {number}', 'value')"));
    database.run(&format!(r#"INSERT INTO trace_tags (request_id, "key", value) VALUES {tags}"#));

    let found = estimated(server, &*database, server.head(), true).await;
    let cost = |title: &str| found.costs.iter().find(|cost| cost.title == title).unwrap();
    let removal = cost("remove what the trace analytics columns were computed from");
    assert_eq!(removal.written.rows, ROWS as u64, "{removal:?}");
    // Only PostgreSQL keeps the former version of a row, and it has a sample always.
    if server.is_postgres() {
        let filling = cost("fill the trace analytics columns");
        let (likely, most) = (filling.disk.tables, filling.disk_at_most.tables);
        assert!(2 * likely < most, "{filling:?}");
    }
}
