//! Databases that are not what their revision says: what an upgrade refuses, and what it can be told to
//! accept.

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::report::check::{Verdict, check};
use mlflow_migrate_core::schema::differences;
use mlflow_migrate_core::schema::platform::Dialect;
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
    a_missing_index_is_left_missing,
    an_index_of_innodbs_own_outlives_its_foreign_key => MYSQL,
    checks_that_mysql_5_7_has_forgotten => MYSQL,
    what_mlflow_has_begun_is_told => MYSQL,
    what_mlflow_has_begun_is_told_of_a_file => SQLITE,
];

/// With an index, and with more revisions to come on every server.
const OLD: &str = "bd07f7e963c5";

/// What somebody has changed that MLflow can work without, and how it is told.
fn acceptable(server: &TestServer) -> Vec<(&'static str, &'static str)> {
    match server.dialect() {
        Dialect::Mysql => vec![
            (
                "ALTER TABLE runs MODIFY name VARCHAR(300)",
                "changed: runs: column name: type VARCHAR(300), expected VARCHAR(250)",
            ),
            (
                "ALTER TABLE tags DROP FOREIGN KEY tags_ibfk_1",
                "missing: tags: foreign key tags_ibfk_1",
            ),
            // What partitioning asks for.
            (
                "ALTER TABLE metrics DROP FOREIGN KEY metrics_ibfk_1",
                "missing: metrics: foreign key metrics_ibfk_1",
            ),
        ],
        Dialect::Postgres => vec![
            (
                "ALTER TABLE runs ALTER COLUMN name TYPE VARCHAR(300)",
                "changed: runs: column name: type VARCHAR(300), expected VARCHAR(250)",
            ),
            (
                "ALTER TABLE tags DROP CONSTRAINT tags_run_uuid_fkey, ADD FOREIGN KEY (run_uuid) \
                 REFERENCES runs (run_uuid) ON DELETE CASCADE",
                "changed: tags: foreign key tags_run_uuid_fkey: \
                 is (run_uuid -> runs (run_uuid) ON DELETE CASCADE ON UPDATE NO ACTION), expected \
                 (run_uuid -> runs (run_uuid) ON DELETE NO ACTION ON UPDATE NO ACTION)",
            ),
        ],
        Dialect::Sqlite => vec![(
            "ALTER TABLE runs RENAME COLUMN name TO other; ALTER TABLE runs ADD COLUMN name TEXT; \
             ALTER TABLE runs DROP COLUMN other",
            "changed: runs: column name: type TEXT, expected VARCHAR(250)",
        )],
    }
}

async fn refused(server: &TestServer, database: &dyn TestDatabase) -> (String, bool) {
    let before = database.contents();
    let error = upgrade(server.catalogue(), database, server.head()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Drift, "{error}");
    assert!(database.contents() == before, "{error}");
    let Error::Drift { is_acceptable, .. } = error else { panic!("{error:?}") };
    assert_eq!(hint(&error).unwrap().contains("continue with `--accept-drift`"), is_acceptable);
    (error.to_string(), is_acceptable)
}

async fn what_can_be_accepted_is_refused_until_it_is(server: &TestServer) {
    for (sql, told) in acceptable(server) {
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
    for (sql, _) in acceptable(server) {
        database.run(sql);
    }
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

/// A missing index makes queries slower, and that is all.
async fn a_missing_index_is_left_missing(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(match server.dialect() {
        Dialect::Mysql => {
            "ALTER TABLE tags ADD INDEX own (run_uuid), DROP INDEX index_tags_run_uuid"
        }
        _ => "DROP INDEX index_tags_run_uuid",
    });
    let mut backend = database.connect().await.unwrap();
    let checked = check(&mut *backend, server.catalogue(), None).await.unwrap();
    assert_eq!((checked.verdict, checked.drift), (Verdict::Behind, Vec::new()));
    let missing = "missing: tags: index index_tags_run_uuid (run_uuid)";
    let shown: Vec<String> = checked.extra.iter().map(ToString::to_string).collect();
    assert!(shown.iter().any(|line| line == missing), "{shown:?}");
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    let checked = check(&mut *backend, server.catalogue(), None).await.unwrap();
    assert_eq!(checked.drift, Vec::new());
}

/// Without its foreign key, an index that InnoDB has made for it looks like any other; the upgrade must
/// come to MLflow's schema but for that key.
async fn an_index_of_innodbs_own_outlives_its_foreign_key(server: &TestServer) {
    for (state, table, key) in [
        ("7ac759974ad8", "metrics", "metrics_ibfk_1"),
        ("c48cb773bb87", "tags", "tags_ibfk_1"),
        ("89d4b8295536", "latest_metrics", "latest_metrics_ibfk_1"),
        ("90e64c465722", "params", "params_ibfk_1"),
    ] {
        let database = server.at(state).await;
        database.run(&format!("ALTER TABLE {table} DROP FOREIGN KEY {key}"));
        let accepting = Upgrade { accept_drift: true, ..Upgrade::default() };
        let (upgraded, _) = accepting.run(server.catalogue(), &*database, server.head()).await;
        let report = upgraded.unwrap_or_else(|error| panic!("{state}: {error}"));
        let (live, platform) = conformance::live(&*database).await.unwrap();
        let expected = server.catalogue().state(report.to.as_deref(), &platform).unwrap();
        let found = differences(&expected, &live, &platform);
        let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), 1, "{state}: {shown:?}");
        assert!(
            shown[0].starts_with(&format!("missing: {table}: foreign key {key} ")),
            "{shown:?}"
        );
    }
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
          the upgrade continues from there"]
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
