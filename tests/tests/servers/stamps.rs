//! Versions that are lost or another program's, and what writes them again.

use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::upgrade::stamp::{StampReport, stamp};
use mlflow_migrate_core::{Error, FENCE};
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};
use mlflow_migrate_tests::tests;
use serde_json::json;

use crate::common::{address_of, assert_told};

pub(crate) const TESTS: &[Test] = tests![
    a_version_that_is_the_schemas_is_written,
    another_version_is_refused_unless_forced,
    a_fence_is_never_overwritten,
    what_is_assumed_counts_more_than_another_programs_version,
    another_programs_version_comes_back => MYSQL,
    a_wrong_version_empties_no_column => EVERY_REVISION,
];

const OLD: &str = "451aebb31d03";
const TARGET: &str = "7ac759974ad8";

/// Optuna's version in the place of MLflow's, none at all, no table, and several.
const LOST: [&str; 4] = [
    "UPDATE alembic_version SET version_num = 'v3.0.0.d'",
    "DELETE FROM alembic_version",
    "DROP TABLE alembic_version",
    "INSERT INTO alembic_version (version_num) VALUES ('v3.0.0.d')",
];

async fn stamped(
    server: &TestServer,
    database: &dyn TestDatabase,
    target: &str,
    force: bool,
) -> Result<StampReport, Error> {
    let mut backend = database.connect().await?;
    let report = stamp(&mut *backend, server.catalogue(), &Target::parse(target), force).await?;
    assert_fits(&report, &json!({ "event": "stamp", "database": "" }));
    Ok(report)
}

fn versions(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query("SELECT version_num FROM alembic_version")
}

async fn a_version_that_is_the_schemas_is_written(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run("CREATE TABLE mine (id INTEGER); ALTER TABLE runs ADD COLUMN mine INTEGER");
    for lost in LOST {
        database.run(lost);
        let report = stamped(server, &*database, "451ae", false).await.unwrap();
        assert!(report.is_stamped && !report.is_forced, "{lost}: {report:?}");
        assert_eq!(versions(&*database), [[OLD.into()]], "{lost}");
    }
}

async fn another_version_is_refused_unless_forced(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(LOST[0]);
    for (target, object) in [("1.2.0", "missing"), ("base", "extra: metrics: column step")] {
        let report = stamped(server, &*database, target, false).await.unwrap();
        let told: Vec<String> = report.differences.iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|one| one.starts_with(object)), "{target}: {told:?}");
        assert!(!report.is_stamped && report.matches.contains(&OLD.to_owned()), "{report:?}");
        assert_eq!(versions(&*database), [["v3.0.0.d".into()]]);
    }
    let report = stamped(server, &*database, "1.2.0", true).await.unwrap();
    assert!(report.is_forced && !report.differences.is_empty(), "{report:?}");
    assert_eq!(versions(&*database), [[TARGET.into()]]);
    let error = stamped(server, &*database, "ffffffffffff", true).await.unwrap_err();
    assert_told(&error, ErrorKind::Target);
}

async fn a_fence_is_never_overwritten(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(&format!("UPDATE alembic_version SET version_num = '{FENCE}'"));
    let error = stamped(server, &*database, OLD, true).await.unwrap_err();
    assert_told(&error, ErrorKind::Journal);
    assert_eq!(versions(&*database), [[FENCE.into()]]);
    database.run(&format!("UPDATE alembic_version SET version_num = '{OLD}'"));
}

fn assuming() -> Upgrade {
    Upgrade { assume: Some(Assumption::At(Some(OLD.to_owned()))), ..Upgrade::default() }
}

async fn what_is_assumed_counts_more_than_another_programs_version(server: &TestServer) {
    for lost in [LOST[0], "UPDATE alembic_version SET version_num = 'ffffffffffff'", LOST[1]] {
        let database = server.at(OLD).await;
        database.run(lost);
        assuming().run(server.catalogue(), &*database, TARGET).await.0.unwrap();
        assert_at(server, &*database, TARGET).await;
    }
}

/// An upgrade that fails before it changes anything takes its fence away again.
async fn another_programs_version_comes_back(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(LOST[0]);
    let address = address_of(&*database);
    let proxy = Proxy::cut_at(&address, "SET note = '1' WHERE id = 0", 1);
    let mut backend = open(&address.through_port(proxy.port()), Waits::default()).await.unwrap();
    let cut = assuming().run_on(server.catalogue(), &mut *backend, TARGET).await.0.unwrap_err();
    assert!(matches!(cut, Error::Interrupted { .. }), "{cut}");
    drop(backend);
    wait_until_alone(server, &address);
    assert_eq!(versions(&*database), [[FENCE.into()]]);
    let error = stamped(server, &*database, OLD, true).await.unwrap_err();
    assert!(matches!(error, Error::Unfinished { .. }), "{error}");
    let mut backend = database.connect().await.unwrap();
    let observer: std::sync::Arc<dyn mlflow_migrate_core::event::Observer> =
        std::sync::Arc::new(mlflow_migrate_core::event::NoopObserver);
    let stop = mlflow_migrate_core::event::cancellation::CancellationToken::default();
    let catalogue = server.catalogue();
    mlflow_migrate_core::upgrade::abort::abort(&mut *backend, catalogue, &observer, &stop)
        .await
        .unwrap();
    assert_eq!(versions(&*database), [["v3.0.0.d".into()]]);
}

/// 75868b020152 computes columns from rows that it removes, so it must not run again: whatever the version
/// says, and also where another difference hides which state it is.
async fn a_wrong_version_empties_no_column(server: &TestServer) {
    let database = server.at("head").await;
    database.run(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status, trace_name)
         VALUES ('one', 1, 1, 'OK', 'kept');
         ALTER TABLE trace_info ADD COLUMN mine INTEGER",
    );
    let with_drift = Upgrade { accept_drift: true, ..Upgrade::default() };
    for revision in server.catalogue().graph.path(None, Some("b7e2c1a4d9f3")).unwrap() {
        database.run(&format!("UPDATE alembic_version SET version_num = '{}'", revision.id));
        let (result, _) = with_drift.run(server.catalogue(), &*database, "head").await;
        let kept = database.query("SELECT trace_name FROM trace_info");
        assert_eq!(kept, [["kept".into()]], "{}: {result:?}", revision.id);
    }
}
