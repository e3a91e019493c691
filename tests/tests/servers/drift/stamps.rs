//! Databases whose version table says something else than their schema, or nothing.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::report::check::check;
use mlflow_migrate_core::report::session::find_wrong_stamp;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use crate::common::assert_told;

pub(crate) const TESTS: &[Test] = tests![
    what_the_version_table_holds_is_told_beside_what_the_schema_is,
    a_version_table_that_is_none_of_alembics,
    more_columns_of_the_version_table_stay,
    tables_of_others_are_no_reason_to_refuse,
    a_database_that_fasttrackml_has_changed,
    tables_under_alembics_names_for_others_stay,
];

const OLD: &str = "451aebb31d03";
const NEXT: &str = "90e64c465722";
const TARGET: &str = "7ac759974ad8";

const UPDATE: &str = "run `UPDATE alembic_version SET version_num = '451aebb31d03'`";

/// What the version table holds, without a key that would keep doubles out, and how it is refused: the kind,
/// what the message has, what the hint has, and the statement that the hint means.
const STAMPS: &[(&[&str], ErrorKind, &str, &str, &str)] = &[
    (
        &["ffffffffffff"],
        ErrorKind::UnknownRevision,
        "holds 'ffffffffffff', which is not a revision of MLflow 3.18.0 or older; the schema is that of 451aebb31d03",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["451aebb31d03 "],
        ErrorKind::UnknownRevision,
        "holds '451aebb31d03 ', ",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["451aebb31d03\n"],
        ErrorKind::UnknownRevision,
        "holds '451aebb31d03\\n', ",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["451AEBB31D03"],
        ErrorKind::UnknownRevision,
        "holds '451AEBB31D03', ",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &[""],
        ErrorKind::UnknownRevision,
        "holds '', ",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["v3.0.0.d"],
        ErrorKind::OtherProgram,
        "holds 'v3.0.0.d', a revision of Optuna, but MLflow's tables exist, too: the schema is that of 451aebb31d03",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["8606fa83a998"],
        ErrorKind::OtherProgram,
        "a revision of MLflow's auth app",
        "alembic_version_auth",
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["f4a9b2c7d1e6"],
        ErrorKind::Drift,
        "holds 'f4a9b2c7d1e6', but the schema is that of 451aebb31d03",
        UPDATE,
        "UPDATE alembic_version SET version_num = '451aebb31d03'",
    ),
    (
        &["451aebb31d03", "90e64c465722"],
        ErrorKind::SeveralRevisions,
        "holds 2 rows: '451aebb31d03' (MLflow's tracking store), '90e64c465722' (MLflow's tracking store); the schema is that of ",
        "run `DELETE FROM alembic_version WHERE version_num <> '451aebb31d03'`",
        "DELETE FROM alembic_version WHERE version_num <> '451aebb31d03'",
    ),
    (
        &["451aebb31d03", "v3.0.0.d", "8606fa83a998", "ffffffffffff"],
        ErrorKind::SeveralRevisions,
        "'v3.0.0.d' (Optuna)",
        "run `DELETE FROM alembic_version WHERE version_num <> '451aebb31d03'`",
        "DELETE FROM alembic_version WHERE version_num <> '451aebb31d03'",
    ),
    (
        &["451aebb31d03", "451aebb31d03"],
        ErrorKind::SeveralRevisions,
        "holds 2 rows: '451aebb31d03' (MLflow's tracking store), '451aebb31d03' (",
        "run `DELETE FROM alembic_version; INSERT INTO alembic_version (version_num) VALUES ('451aebb31d03')`",
        "DELETE FROM alembic_version; INSERT INTO alembic_version (version_num) VALUES ('451aebb31d03')",
    ),
    (
        &["f4a9b2c7d1e6", "v3.0.0.d"],
        ErrorKind::SeveralRevisions,
        "'f4a9b2c7d1e6' (MLflow's tracking store)",
        "VALUES ('451aebb31d03')`",
        "DELETE FROM alembic_version; INSERT INTO alembic_version (version_num) VALUES ('451aebb31d03')",
    ),
];

/// A refusal changes nothing, and is told as one line with something to do.
async fn refused(
    server: &TestServer,
    database: &dyn TestDatabase,
    kind: ErrorKind,
) -> (String, String) {
    let before = database.contents();
    let error = upgrade(server.catalogue(), database, TARGET).await.unwrap_err();
    assert_told(&error, kind);
    assert!(database.contents() == before, "{error}");
    (error.to_string(), hint(&error).unwrap_or_default())
}

async fn what_the_version_table_holds_is_told_beside_what_the_schema_is(server: &TestServer) {
    let database = server.at(OLD).await;
    database
        .run("DROP TABLE alembic_version; CREATE TABLE alembic_version (version_num VARCHAR(32))");
    for (versions, kind, message, hint, _) in STAMPS {
        database.run("DELETE FROM alembic_version");
        for version in *versions {
            database.run(&format!("INSERT INTO alembic_version VALUES ('{version}')"));
        }
        let told = refused(server, &*database, *kind).await;
        assert!(told.0.contains(message), "{}", told.0);
        assert!(told.1.contains(hint), "{}", told.1);
    }
    // What the last hint says, brings the database further.
    let (.., statement) = STAMPS[STAMPS.len() - 1];
    database.run(statement);
    upgrade(server.catalogue(), &*database, TARGET).await.unwrap();
    assert_at(server, &*database, TARGET).await;
}

async fn a_version_table_that_is_none_of_alembics(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run("DROP TABLE alembic_version");
    let cases = [
        (
            "CREATE TABLE alembic_version (version_num VARCHAR(32)); INSERT INTO alembic_version VALUES (NULL)",
            "version_num is NULL",
            "DELETE FROM alembic_version WHERE version_num IS NULL",
            "DROP TABLE alembic_version",
        ),
        (
            "CREATE TABLE alembic_version (revision VARCHAR(32))",
            "has no column version_num",
            "ALTER TABLE alembic_version RENAME TO another_version",
            "DROP TABLE another_version",
        ),
        (
            "CREATE VIEW alembic_version AS SELECT run_uuid AS version_num FROM runs",
            "is a view",
            "DROP VIEW alembic_version",
            "",
        ),
    ];
    for (made, message, remedy, gone) in cases {
        database.run(made);
        let told = refused(server, &*database, ErrorKind::UnknownRevision).await;
        assert!(told.0.contains(message), "{}", told.0);
        assert!(told.1.contains(&format!("`{remedy}`")), "{}", told.1);
        database.run(remedy);
        let told = refused(server, &*database, ErrorKind::Drift).await;
        assert!(told.0.contains("its schema is that of 451aebb31d03"), "{}", told.0);
        if !gone.is_empty() {
            database.run(gone);
        }
    }
}

async fn more_columns_of_the_version_table_stay(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(
        "DROP TABLE alembic_version;
         CREATE TABLE alembic_version (who VARCHAR(20) NOT NULL, version_num VARCHAR(32) NOT NULL);
         INSERT INTO alembic_version VALUES ('somebody', '451aebb31d03')",
    );
    upgrade(server.catalogue(), &*database, TARGET).await.unwrap();
    let rows = database.query("SELECT who, version_num FROM alembic_version");
    assert_eq!(rows, [["somebody".into(), TARGET.into()]]);
}

/// Flyway's history, a version of somebody's own, and tables with the names of MLflow's.
async fn tables_of_others_are_no_reason_to_refuse(server: &TestServer) {
    let histories = [
        "CREATE TABLE schema_version (installed_rank INTEGER NOT NULL PRIMARY KEY, version VARCHAR(50),
         description VARCHAR(200), script VARCHAR(100), success INTEGER)",
        "CREATE TABLE schema_version (version VARCHAR(50) NOT NULL PRIMARY KEY);
         INSERT INTO schema_version VALUES ('0123456789ab'); CREATE TABLE apps (id INTEGER);
         CREATE TABLE namespaces (id INTEGER); CREATE TABLE dashboards (id INTEGER)",
        "CREATE TABLE schema_version (version VARCHAR(50)); ALTER TABLE runs ADD row_num BIGINT;
         ALTER TABLE metrics ADD iter BIGINT",
    ];
    for history in histories {
        let database = server.at(OLD).await;
        database.run(history);
        upgrade(server.catalogue(), &*database, NEXT).await.unwrap();
        let found = database.query("SELECT version_num FROM alembic_version");
        assert_eq!(found, [[NEXT.into()]]);
    }
    let database = server.new_database();
    database.run(
        "CREATE TABLE tags (id INTEGER, name VARCHAR(9)); CREATE TABLE runs (id INTEGER);
         CREATE TABLE metrics (id INTEGER, value FLOAT)",
    );
    refused(server, &*database, ErrorKind::OtherProgram).await;
}

/// The marks that FastTrackML's migrations leave, from its first to its last; the ways out are its own.
async fn a_database_that_fasttrackml_has_changed(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(
        "CREATE TABLE schema_version (version VARCHAR(20) NOT NULL PRIMARY KEY);
         INSERT INTO schema_version VALUES ('ac0b8b7c0014');
         ALTER TABLE experiments ADD namespace_id BIGINT",
    );
    if server.is_postgres() {
        database.run("ALTER TABLE params RENAME COLUMN value TO value_str");
    } else {
        database.run("ALTER TABLE params ADD value_str VARCHAR(500)");
        let drop = if server.is_sqlite() { "DROP COLUMN value" } else { "DROP COLUMN `value`" };
        database.run(&format!("ALTER TABLE params {drop}"));
    }
    let told = refused(server, &*database, ErrorKind::OtherProgram).await;
    assert!(told.0.contains("a database of FastTrackML"), "{}", told.0);
    assert!(told.1.contains("`DROP TABLE schema_version`"), "{}", told.1);
    let assumed =
        Upgrade { assume: Some(Assumption::At(Some(OLD.to_owned()))), ..Upgrade::default() };
    let error = assumed.run(server.catalogue(), &*database, TARGET).await.0.unwrap_err();
    assert_told(&error, ErrorKind::OtherProgram);
    database.run("DROP TABLE schema_version");
    let mut backend = database.connect().await.unwrap();
    let checked = check(&mut *backend, server.catalogue(), None).await.unwrap();
    assert_eq!(checked.drift.len(), 1, "{checked:?}");
    assert!(find_wrong_stamp(&mut *backend, server.catalogue()).await.unwrap().is_none());
}

/// Another program that uses Alembic in the same database may be at work.
async fn tables_under_alembics_names_for_others_stay(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run(
        "CREATE TABLE orders (id INTEGER); CREATE TABLE _alembic_tmp_orders (id INTEGER);
         CREATE TABLE _alembic_tmp_runs (id INTEGER)",
    );
    upgrade(server.catalogue(), &*database, TARGET).await.unwrap();
    database.query("SELECT id FROM _alembic_tmp_orders");
    // Only on SQLite Alembic rebuilds tables, and can leave this one.
    if !server.is_sqlite() {
        database.query("SELECT id FROM _alembic_tmp_runs");
    }
}
