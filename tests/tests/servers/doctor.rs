//! What `doctor` finds: all at once, each with what puts it right.

use mlflow_migrate::hint;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::{DoctorReport, Warning, diagnose};
use mlflow_migrate_core::schema::Object;
use mlflow_migrate_core::{Error, UpgradeOptions};
use mlflow_migrate_tests::database::{TestDatabase, upgrade};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

pub(crate) const TESTS: &[Test] = tests![
    every_taken_name_is_found_with_its_statement,
    a_part_of_a_table_in_the_place_of_another_is_renamed,
    what_does_not_stop_an_upgrade_is_warned_of,
    the_disk_is_measured_where_it_can_be,
];

/// Before `jobs` and `issues` exist, and on every server.
const OLD: &str = "7ac759974ad8";

async fn diagnosed(server: &TestServer, database: &dyn TestDatabase) -> DoctorReport {
    let mut backend = database.connect().await.unwrap();
    let request = UpgradeOptions::to(Target::parse(server.head()));
    diagnose(&mut *backend, server.catalogue(), &request).await.unwrap()
}

/// The statements in the hint on a problem, for the connections of the tests, which take double
/// quotes for names.
fn statements(problem: &Error) -> String {
    let hint = hint(problem).unwrap();
    let (_, after) = hint.split_once('`').unwrap_or_else(|| panic!("{problem}: {hint}"));
    let end = after.rfind(";`").unwrap_or_else(|| panic!("{problem}: {hint}"));
    after[..end].replace('`', "\"")
}

/// Follows the advice on every problem, and upgrades.
async fn put_right(server: &TestServer, database: &dyn TestDatabase, found: &DoctorReport) {
    for problem in &found.problems {
        database.run(&statements(problem));
    }
    let again = diagnosed(server, database).await;
    assert!(again.problems.is_empty(), "{:?}", again.problems);
    upgrade(server.catalogue(), database, server.head()).await.unwrap();
}

/// Objects that are not tables, with names that the upgrade needs, and how each is named.
fn other_objects(server: &TestServer) -> &'static [(&'static str, &'static str)] {
    match server.reference() {
        Server::Sqlite => &[
            ("CREATE VIEW trace_info AS SELECT 1 AS one", "view trace_info"),
            ("CREATE INDEX index_metrics_run_uuid_key_step ON runs (name)", "index "),
            ("CREATE TABLE _mlflow_migrate_runs (one INTEGER)", "table _mlflow_migrate_runs"),
        ],
        Server::Postgres => &[
            ("CREATE VIEW trace_info AS SELECT 1 AS one", "view trace_info"),
            ("CREATE SEQUENCE trace_tags", "sequence trace_tags"),
            ("CREATE INDEX trace_info_pk ON runs (name)", "index trace_info_pk"),
            ("CREATE TYPE inputs AS (one INTEGER)", "type inputs"),
        ],
        Server::Mysql56 => &[
            ("CREATE VIEW registered_model_aliases AS SELECT 1 AS one", "view "),
            (
                "CREATE TABLE alembic_mlflow_migrate_old_runs (one INTEGER)",
                "table alembic_mlflow_migrate_old_runs",
            ),
        ],
        _ => &[
            ("CREATE VIEW trace_info AS SELECT 1 AS one", "view trace_info"),
            (
                "CREATE TABLE own (experiment_id INTEGER, CONSTRAINT fk_trace_info_experiment_id \
                 FOREIGN KEY (experiment_id) REFERENCES experiments (experiment_id))",
                "foreign key fk_trace_info_experiment_id",
            ),
            (
                "CREATE TABLE alembic_mlflow_migrate_old_runs (one INTEGER)",
                "table alembic_mlflow_migrate_old_runs",
            ),
        ],
    }
}

async fn every_taken_name_is_found_with_its_statement(server: &TestServer) {
    let database = server.at(OLD).await;
    // On MySQL 5.6 the last table is an earlier one.
    let tables = match server.reference() {
        Server::Mysql56 => ["registered_models", "model_versions"],
        _ => ["jobs", "issues"],
    };
    for table in tables {
        database.run(&format!("CREATE TABLE {table} (own INTEGER PRIMARY KEY)"));
        database.run(&format!("INSERT INTO {table} VALUES (1)"));
    }
    for (sql, _) in other_objects(server) {
        database.run(sql);
    }
    let before = database.contents();
    let found = diagnosed(server, &*database).await;
    assert!(database.contents() == before);
    let told: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    let told = told.join("\n");
    for table in tables {
        assert_eq!(told.matches(&format!("table {table} already exists")).count(), 1, "{told}");
        assert_eq!(told.matches(table).count(), 1, "{told}");
    }
    for (_, object) in other_objects(server) {
        assert!(told.contains(object), "{object}: {told}");
    }
    put_right(server, &*database, &found).await;
    for table in tables {
        assert_eq!(database.query(&format!("SELECT own FROM old_{table}")).len(), 1, "{table}");
    }
}

async fn a_part_of_a_table_in_the_place_of_another_is_renamed(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run("ALTER TABLE runs ADD COLUMN deleted_time VARCHAR(5)");
    database.run("ALTER TABLE experiments ADD COLUMN creation_time VARCHAR(5)");
    let found = diagnosed(server, &*database).await;
    let told: Vec<String> = found.problems.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    for part in ["runs already has column deleted_time", "experiments already has column creation"]
    {
        assert!(told.iter().any(|one| one.contains(part)), "{part}: {told:?}");
    }
    put_right(server, &*database, &found).await;
    database.query("SELECT old_deleted_time FROM runs");
}

/// The warnings about rows and about objects; a session of the test itself may have a table open.
fn warnings(found: DoctorReport) -> Vec<Warning> {
    let warnings = found.warnings.into_iter();
    warnings.filter(|warning| !matches!(warning, Warning::TableInUse(_))).collect()
}

async fn what_does_not_stop_an_upgrade_is_warned_of(server: &TestServer) {
    let database = server.at(OLD).await;
    fill::metrics(&*database, 1);
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    let found = diagnosed(server, &*database).await;
    assert!(found.problems.is_empty() && warnings(found).is_empty());
    database.run_unchecked(
        "INSERT INTO tags (\"key\", value, run_uuid) VALUES ('k', 'v', 'gone'), ('l', 'v', 'gone')",
    );
    let found = diagnosed(server, &*database).await;
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    match &warnings(found)[..] {
        [Warning::Orphans(orphans)] => {
            let told = orphans.to_string();
            assert!(told.starts_with("tags: 2 rows"), "{told}");
        }
        other => panic!("{other:?}"),
    }
    database.run("DELETE FROM tags WHERE run_uuid = 'gone'");
    let table = if server.reference() == Server::Mysql56 { "params" } else { "latest_metrics" };
    let index = format!("index_{table}_run_uuid");
    if server.is_mysql() {
        // The foreign key needs another index first.
        database.run(&format!("CREATE INDEX own ON {table} (run_uuid, \"key\")"));
        database.run(&format!("DROP INDEX {index} ON {table}"));
    } else {
        database.run(&format!("DROP INDEX {index}"));
    }
    let found = diagnosed(server, &*database).await;
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    match &warnings(found)[..] {
        [Warning::Differences { differences, repairs }] => {
            let objects = differences.iter().map(|one| &one.object);
            let names: Vec<&str> = objects.filter_map(Object::name).collect();
            assert_eq!(names, [index.as_str()], "{differences:?}");
            // SQLite's statements are for its own repair.
            repairs.iter().for_each(|sql| database.run(sql));
            assert_eq!(repairs.is_empty(), server.is_sqlite(), "{repairs:?}");
        }
        other => panic!("{other:?}"),
    }
    if !server.is_sqlite() {
        assert!(warnings(diagnosed(server, &*database).await).is_empty());
    }
}

async fn the_disk_is_measured_where_it_can_be(server: &TestServer) {
    let database = server.at(OLD).await;
    fill::metrics(&*database, 2);
    let disk = diagnosed(server, &*database).await.disk.unwrap();
    // A rewrite of `metrics` is on the way.
    assert!(disk.needed > 0, "{disk:?}");
    let is_file = server.is_sqlite();
    assert_eq!((disk.backup.is_some(), disk.free.is_some()), (is_file, is_file), "{disk:?}");
    assert!(!disk.is_too_much(), "{disk:?}");
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    assert_eq!(diagnosed(server, &*database).await.disk, None);
}
