//! Databases that are not what their revision says: what an upgrade refuses, and what it can be told to
//! accept.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::platform::Dialect;
use mlflow_migrate_tests::capability::{MYSQL, SQLITE};
use mlflow_migrate_tests::conformance::{self, assert_at};
use mlflow_migrate_tests::database::{TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    what_can_be_accepted_is_refused_until_it_is,
    what_cannot_be_accepted_is_refused,
    nothing_is_refused_where_nothing_is_due,
    checks_that_mysql_5_7_has_forgotten => MYSQL,
    what_mlflow_has_begun_is_told => MYSQL,
    what_mlflow_has_begun_is_told_of_a_file => SQLITE,
];

/// With an index, and with more revisions to come on every server.
const OLD: &str = "bd07f7e963c5";

/// What somebody has changed that MLflow can work without, and how it is told.
fn harmless(server: &TestServer) -> [(&'static str, &'static str); 2] {
    let (index, unexpected) = match server.dialect() {
        Dialect::Mysql => (
            "ALTER TABLE tags DROP FOREIGN KEY tags_ibfk_1; DROP INDEX index_tags_run_uuid ON tags",
            "missing: tags: index index_tags_run_uuid",
        ),
        _ => ("DROP INDEX index_tags_run_uuid", "missing: tags: index index_tags_run_uuid"),
    };
    let (column, changed) = match server.dialect() {
        Dialect::Mysql => {
            ("ALTER TABLE runs MODIFY name VARCHAR(300)", "changed: runs: column name")
        }
        Dialect::Postgres => {
            ("ALTER TABLE runs ALTER COLUMN name TYPE VARCHAR(300)", "changed: runs: column name")
        }
        Dialect::Sqlite => (
            "ALTER TABLE runs RENAME COLUMN name TO other; ALTER TABLE runs ADD COLUMN name TEXT; \
             ALTER TABLE runs DROP COLUMN other",
            "changed: runs: column name",
        ),
    };
    [(index, unexpected), (column, changed)]
}

async fn refused(server: &TestServer, database: &dyn TestDatabase) -> (String, bool) {
    let before = database.contents();
    let error = upgrade(server.catalogue(), database, server.head()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Drift, "{error}");
    assert!(database.contents() == before, "{error}");
    let Error::Drift { is_acceptable, .. } = error else { panic!("{error:?}") };
    assert_eq!(error.hint().unwrap().contains("`--accept-drift`"), is_acceptable);
    (error.to_string(), is_acceptable)
}

async fn what_can_be_accepted_is_refused_until_it_is(server: &TestServer) {
    for (sql, told) in harmless(server) {
        let database = server.at(OLD).await;
        database.run(sql);
        let (error, is_acceptable) = refused(server, &*database).await;
        assert!(is_acceptable && error.contains(told), "{error}");
        let accepting = Upgrade { accept_drift: true, ..Upgrade::default() };
        let (upgraded, events) = accepting.run(server.catalogue(), &*database, server.head()).await;
        upgraded.unwrap_or_else(|error| panic!("{sql}: {error}"));
        let told = format!("not as in {OLD}, accepted: {told}");
        let is_told = |event: &Event| matches!(event, Event::Notice { message } if message.starts_with(&told));
        assert!(events.iter().any(is_told), "no {told:?} in {events:?}");
    }
}

async fn what_cannot_be_accepted_is_refused(server: &TestServer) {
    let without_key = match server.dialect() {
        Dialect::Mysql => "ALTER TABLE metrics DROP PRIMARY KEY",
        Dialect::Postgres => "ALTER TABLE metrics DROP CONSTRAINT metric_pk",
        Dialect::Sqlite => {
            "CREATE TABLE other AS SELECT * FROM metrics; DROP TABLE metrics; \
             ALTER TABLE other RENAME TO metrics"
        }
    };
    for (sql, told) in [
        ("ALTER TABLE runs DROP COLUMN source_name", "missing: runs: column source_name"),
        ("DROP TABLE latest_metrics", "missing: latest_metrics"),
        (without_key, "changed: metrics: primary key: none, expected"),
    ] {
        let database = server.at(OLD).await;
        database.run(sql);
        let (error, is_acceptable) = refused(server, &*database).await;
        assert!(!is_acceptable && error.contains(told), "{error}");
        let accepting = Upgrade { accept_drift: true, ..Upgrade::default() };
        let (upgraded, _) = accepting.run(server.catalogue(), &*database, server.head()).await;
        assert_eq!(upgraded.unwrap_err().to_string(), error);
    }
}

/// A server that is started again must find its database usable.
async fn nothing_is_refused_where_nothing_is_due(server: &TestServer) {
    let database = server.at(OLD).await;
    let [(sql, _), _] = harmless(server);
    database.run(sql);
    assert!(upgrade(server.catalogue(), &*database, OLD).await.unwrap().revisions.is_empty());
}

async fn checks_that_mysql_5_7_has_forgotten(server: &TestServer) {
    let (live, platform) = conformance::live(&*server.at(OLD).await).await.unwrap();
    let database = server.at(OLD).await;
    let checks =
        live.tables.values().flat_map(|table| table.checks.iter().map(move |it| (table, it)));
    let drop = if server.name().starts_with("mariadb") { "CONSTRAINT" } else { "CHECK" };
    for (table, check) in checks {
        let (table, name) = (&table.name, check.name.as_ref().unwrap());
        database.run(&format!("ALTER TABLE {table} DROP {drop} \"{name}\""));
    }
    assert_eq!(live.table("runs").unwrap().checks.is_empty(), !platform.enforces_checks);
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
}

/// Upgrades, and tells what was said of MLflow's run.
async fn told_of_mlflow(server: &TestServer, database: &dyn TestDatabase) -> Vec<String> {
    let (upgraded, events) =
        Upgrade::default().run(server.catalogue(), database, server.head()).await;
    upgraded.unwrap();
    assert_at(server, database, server.head()).await;
    let notices = events.into_iter().filter_map(|event| match event {
        Event::Notice { message } => Some(message),
        _ => None,
    });
    notices.collect()
}

/// The first of the tables of 2b4d017a5e9b is there.
async fn what_mlflow_has_begun_is_told(server: &TestServer) {
    let database = server.at("89d4b8295536").await;
    database.run(
        "CREATE TABLE registered_models (name VARCHAR(256) NOT NULL, creation_time BIGINT, \
         last_updated_time BIGINT, description VARCHAR(5000), \
         CONSTRAINT registered_model_pk PRIMARY KEY (name), UNIQUE (name))",
    );
    let told = told_of_mlflow(server, &*database).await;
    assert_eq!(
        told,
        ["MLflow's own upgrade stopped within 2b4d017a5e9b, after 1 of its 2 operations; \
          it goes on from there"]
    );
}

/// The two indexes of bd07f7e963c5 are made one after the other.
async fn what_mlflow_has_begun_is_told_of_a_file(server: &TestServer) {
    let database = server.at("c48cb773bb87").await;
    database.run("CREATE INDEX index_params_run_uuid ON params (run_uuid)");
    let told = told_of_mlflow(server, &*database).await;
    assert!(
        told[0].starts_with("MLflow's own upgrade stopped within bd07f7e963c5, after 1 of its")
    );
    assert_eq!(told.len(), 1, "{told:?}");
}
