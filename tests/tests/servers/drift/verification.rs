//! Upgrades whose result is not as planned, since somebody else has written meanwhile: a trigger of the
//! user's, or another session at a given moment. Where everything is one transaction it is taken back;
//! on MySQL the fence stays, until the cause is gone.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::error::VerificationError;
use mlflow_migrate_core::{Error, FENCE};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL, POSTGRES, SQLITE};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::tests;

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    a_trigger_loses_latest_metrics => SQLITE,
    a_trigger_keeps_latest_metrics_out => POSTGRES,
    a_trigger_deletes_rows_that_were_copied => SQLITE,
    somebody_deletes_rows_that_were_copied => MYSQL,
    somebody_logs_a_new_metric => MYSQL,
    somebody_changes_a_table => MYSQL,
    a_foreign_key_that_was_added_and_not_checked => MYSQL => EVERY_REVISION,
];

/// Before `metrics` is copied on MySQL and SQLite.
const OLD: &str = "451aebb31d03";

/// By then `metrics` is copied, and the latest metrics are computed.
const LATER: &str = "CREATE TABLE `registered_models`";

/// What a run of MLflow that failed has left.
fn latest_metrics(server: &TestServer) -> String {
    format!(
        r#"CREATE TABLE latest_metrics ("key" VARCHAR(250) NOT NULL, value {} NOT NULL,
           timestamp BIGINT, step BIGINT NOT NULL, is_nan BOOLEAN NOT NULL,
           run_uuid VARCHAR(32) NOT NULL, CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid),
           FOREIGN KEY (run_uuid) REFERENCES runs (run_uuid));"#,
        server.float_type()
    )
}

/// Two metrics of a run with three entries each.
async fn old(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(OLD).await;
    let entry = |number: i64| format!("('a', 'm{}', {}, 1500000000000, 0.5)", number % 2, number);
    let entries: Vec<String> = (0..6).map(entry).collect();
    database.run(&format!(
        r#"INSERT INTO runs (run_uuid) VALUES ('a');
           INSERT INTO metrics (run_uuid, "key", step, timestamp, value) VALUES {}"#,
        entries.join(", ")
    ));
    database
}

/// The upgrade is refused, and tells of these violations; everything is as before.
async fn assert_taken_back(server: &TestServer, database: &dyn TestDatabase, told: &[&str]) {
    let before = database.contents();
    let error = upgrade(server.catalogue(), database, server.head()).await.unwrap_err();
    assert_told(&error, ErrorKind::Unverified);
    assert!(
        matches!(error, Error::Verification(VerificationError::UnverifiedRows { .. })),
        "{error}"
    );
    for violation in told {
        assert!(error.to_string().contains(violation), "no {violation:?} in {error}");
    }
    assert!(database.contents() == before, "{error}");
}

async fn a_trigger_loses_latest_metrics(server: &TestServer) {
    let database = old(server).await;
    database.run(&latest_metrics(server));
    database.run(
        "CREATE TRIGGER mine AFTER INSERT ON latest_metrics WHEN new.key = 'm1' \
         BEGIN DELETE FROM latest_metrics WHERE key = 'm1'; END",
    );
    let told = "latest_metrics: 1 row less than there are pairs of run and metric";
    assert_taken_back(server, &*database, &[told]).await;
}

async fn a_trigger_keeps_latest_metrics_out(server: &TestServer) {
    let database = old(server).await;
    database.run(&latest_metrics(server));
    database.run(
        "CREATE FUNCTION mine() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF new.key = 'm1' THEN RETURN NULL; END IF; RETURN new; END $$; \
         CREATE TRIGGER mine BEFORE INSERT ON latest_metrics FOR EACH ROW EXECUTE FUNCTION mine()",
    );
    let told = "latest_metrics: 1 row less than there are pairs of run and metric";
    assert_taken_back(server, &*database, &[told]).await;
}

async fn a_trigger_deletes_rows_that_were_copied(server: &TestServer) {
    let database = old(server).await;
    database.run(&latest_metrics(server));
    database.run(
        "CREATE TRIGGER mine AFTER INSERT ON latest_metrics \
         BEGIN DELETE FROM metrics WHERE step < 2; END",
    );
    assert_taken_back(server, &*database, &["metrics: 2 rows less than were written"]).await;
}

/// Upgrades, and lets another session run a statement when the upgrade is at [`LATER`].
async fn disturbed(server: &TestServer, database: &dyn TestDatabase, sql: &'static str) -> Error {
    let address = address_of(database);
    let other = address.clone();
    let disturb = move || {
        query(&other, sql);
        true
    };
    let proxy = Proxy::before(&address, LATER, 1, disturb);
    let error = to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
    assert_fenced(database, &error);
    error
}

/// MLflow cannot start, and the operator is told what to do.
#[track_caller]
fn assert_fenced(database: &dyn TestDatabase, error: &Error) {
    assert_told(error, ErrorKind::Unverified);
    let Error::Interrupted { step, steps, .. } = error else { panic!("{error:?}") };
    assert_eq!(step, steps);
    let hint = hint(error).unwrap();
    assert!(hint.starts_with("progress is saved in the database: "), "{hint}");
    assert_eq!(database.query("SELECT * FROM alembic_version"), [[Cell::from(FENCE)]]);
}

async fn assert_finished(server: &TestServer, database: &dyn TestDatabase, address: &Address) {
    to_newest(server, address).await.unwrap();
    assert_at(server, database, server.head()).await;
    let left = "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
                AND table_name LIKE 'alembic%' AND table_name <> 'alembic_version'";
    assert!(database.query(left).is_empty());
}

async fn somebody_deletes_rows_that_were_copied(server: &TestServer) {
    let database = old(server).await;
    let address = address_of(&*database);
    let error = disturbed(server, &*database, "DELETE FROM metrics WHERE step < 2").await;
    let told =
        "metrics: 2 rows less than alembic_mlflow_migrate_old_metrics, which holds the table";
    assert!(error.to_string().contains(told), "{error}");
    let again = to_newest(server, &address).await.unwrap_err();
    assert_fenced(&*database, &again);
    database.run(
        r#"INSERT INTO metrics ("key", value, timestamp, run_uuid, step)
           SELECT "key", value, timestamp, run_uuid, step FROM alembic_mlflow_migrate_old_metrics
           WHERE step < 2"#,
    );
    assert_finished(server, &*database, &address).await;
    assert_eq!(database.query("SELECT COUNT(*) FROM metrics"), [[6.into()]]);
}

async fn somebody_logs_a_new_metric(server: &TestServer) {
    let database = old(server).await;
    let log = "INSERT INTO metrics (`key`, value, timestamp, run_uuid, step) \
               VALUES ('m2', 2.5, 1600000000000, 'a', 9)";
    let error = disturbed(server, &*database, log).await;
    let told = "latest_metrics: 1 row less than there are pairs of run and metric";
    assert!(error.to_string().contains(told), "{error}");
    assert_finished(server, &*database, &address_of(&*database)).await;
    let latest = database.query("SELECT step, value FROM latest_metrics WHERE \"key\" = 'm2'");
    assert_eq!(latest, [[Cell::from(9), Cell::from(2.5)]]);
    assert_eq!(database.query("SELECT COUNT(*) FROM latest_metrics"), [[3.into()]]);
}

async fn somebody_changes_a_table(server: &TestServer) {
    let database = old(server).await;
    let error = disturbed(server, &*database, "ALTER TABLE metrics ADD COLUMN mine INT").await;
    assert!(error.to_string().contains("extra: metrics: column mine"), "{error}");
    let again = to_newest(server, &address_of(&*database)).await.unwrap_err();
    assert_fenced(&*database, &again);
    database.run("ALTER TABLE metrics DROP COLUMN mine");
    assert_finished(server, &*database, &address_of(&*database)).await;
}

/// The upgrade is interrupted between adding a foreign key without the server's check and checking it.
async fn a_foreign_key_that_was_added_and_not_checked(server: &TestServer) {
    const BEFORE: &str = "4465047574b1";
    let database = server.at(BEFORE).await;
    let address = address_of(&*database);
    let other = address.clone();
    let disturb = move || {
        let orphan = "SET foreign_key_checks = 0; INSERT INTO datasets (dataset_uuid, experiment_id, \
                      name, digest, dataset_source_type, dataset_source) \
                      VALUES ('d', 77, 'n', 'd', 't', 's')";
        query(&other, orphan);
        false
    };
    let proxy = Proxy::before(&address, "FROM `datasets` AS child", 1, disturb);
    let cut = to_newest(server, &address.through_port(proxy.port())).await.unwrap_err();
    assert!(matches!(cut, Error::Interrupted { .. }), "{cut:?}");
    wait_until_alone(server, &address);
    let error = to_newest(server, &address).await.unwrap_err();
    assert_fenced(&*database, &error);
    let told = "datasets: 1 row whose row of experiments does not exist";
    assert!(error.to_string().contains(told), "{error}");
    database.run("DELETE FROM datasets");
    assert_finished(server, &*database, &address).await;
}
