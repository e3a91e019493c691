//! Repairs: what is missing is dropped, put back, and then as MLflow has it; rows and the user's own
//! objects stay.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Backend, SessionMode};
use mlflow_migrate_core::error::{ConstraintError, ErrorKind, Operation};
use mlflow_migrate_core::event::{NoopObserver, Observer, Progress};
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::report::status::{Status, status};
use mlflow_migrate_core::report::verify::{VerifyReport, verify};
use mlflow_migrate_core::schema::{Index, Table};
use mlflow_migrate_core::upgrade::repair::{
    Repair, RepairOptions, RepairReport, preview_repair, repair,
};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::live;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits, upgrade};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::json_schema::assert_fits;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};
use mlflow_migrate_tests::tests;
use serde_json::json;

use crate::common::{address_of, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    what_is_missing_is_put_back,
    wrong_rows_of_latest_metrics_are_computed_again,
    leftovers_are_removed,
    rows_that_a_constraint_would_refuse_are_counted,
    what_cannot_be_repaired_is_listed,
    a_schema_of_another_state_is_refused,
    an_interrupted_repair_is_finished => MYSQL,
];

/// Where metrics are moved and `latest_metrics` is filled on the way to the newest revision.
const OLD: &str = "7ac759974ad8";

/// A database at the newest revision, with rows, and with a user's own objects.
async fn filled(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(OLD).await;
    fill::metrics(&*database, 1);
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    database.run(
        "CREATE INDEX own ON runs (status); CREATE TABLE mine (id INTEGER NOT NULL PRIMARY KEY);
         INSERT INTO mine VALUES (1); ALTER TABLE params ADD COLUMN own_unit VARCHAR(9);
         INSERT INTO tags (\"key\", value, run_uuid) SELECT 'k', 'v', run_uuid FROM runs;
         INSERT INTO params (\"key\", value, run_uuid, own_unit) SELECT 'k', 'v', run_uuid, 'm' FROM runs",
    );
    database
}

async fn repaired(server: &TestServer, database: &dyn TestDatabase) -> Result<RepairReport, Error> {
    let mut backend = database.connect().await?;
    repaired_by(server, &mut *backend).await
}

async fn repaired_by(
    server: &TestServer,
    backend: &mut dyn Backend,
) -> Result<RepairReport, Error> {
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let report = repair(backend, server.catalogue(), &RepairOptions::default(), &observer).await?;
    let others = json!({ "event": "repair", "database": "", "is_dry_run": false, "problems": [] });
    assert_fits(&report, &others);
    Ok(report)
}

async fn verified(server: &TestServer, database: &dyn TestDatabase) -> VerifyReport {
    let mut backend = database.connect().await.unwrap();
    let report = verify(&mut *backend, server.catalogue(), None, true).await.unwrap();
    assert_fits(&report, &json!({ "event": "verify", "database": "" }));
    report
}

/// The tables that have rows.
const FILLED: [&str; 7] =
    ["experiments", "runs", "tags", "params", "metrics", "latest_metrics", "mine"];

/// The rows of all tables that have any, as they are stored.
fn rows(database: &dyn TestDatabase) -> Vec<Vec<Vec<Cell>>> {
    let read = |name: &str| {
        let mut rows = database.query(&format!("SELECT * FROM \"{name}\""));
        rows.sort();
        rows
    };
    FILLED.map(read).to_vec()
}

/// Changes a table by this tool's own means, so that one test fits every backend.
async fn change(database: &dyn TestDatabase, table: &str, edit: impl FnOnce(&mut Table)) {
    let mut backend = database.connect().await.unwrap();
    backend.begin(SessionMode::Upgrade).await.unwrap();
    let before = backend.inspect().await.unwrap().table(table).unwrap().clone();
    let mut after = before.clone();
    edit(&mut after);
    let change = TableChange { before: Some(before), after, revisions: Vec::new() };
    backend.apply_change(&change, &Progress::silent()).await.unwrap();
    if let Some(resumable) = backend.resumable() {
        resumable.discard_copies().await.unwrap();
    }
    backend.commit().await.unwrap();
}

/// What is dropped, the table, and how.
type Case = (&'static str, String, Box<dyn FnOnce(&mut Table)>);

/// One object of each kind that the server has at the newest revision.
async fn cases(database: &dyn TestDatabase) -> Vec<Case> {
    let (live, _) = live(database).await.unwrap();
    let tables = || live.tables.values().filter(|table| table.name != "mine");
    let is_free = |table: &Table, columns: &[String]| {
        let keys = table.foreign_keys.iter().flat_map(|key| &key.columns);
        let referred = live.tables.values().flat_map(|other| &other.foreign_keys);
        let mut referred = referred.filter(|key| key.referred_table == table.name);
        !keys.into_iter().any(|column| columns.contains(column))
            && !referred.any(|key| key.referred_columns == columns)
    };
    let mut cases: Vec<Case> = Vec::new();
    let plain = |index: &&Index| !index.automatic && !index.unique && index.name != "own";
    let index = tables().find_map(|table| {
        let mut indexes = table.indexes.iter().filter(plain);
        let columns =
            |index: &Index| index.column_names().map(ToOwned::to_owned).collect::<Vec<_>>();
        Some((table, indexes.find(|index| is_free(table, &columns(index)))?.clone()))
    });
    if let Some((table, index)) = index {
        let edit = move |table: &mut Table| table.indexes.retain(|one| *one != index);
        cases.push(("index", table.name.clone(), Box::new(edit)));
    }
    let unique = tables().find_map(|table| {
        let mut uniques = table.uniques.iter();
        Some((table, uniques.find(|unique| is_free(table, &unique.columns))?.clone()))
    });
    if let Some((table, unique)) = unique {
        let edit = move |table: &mut Table| table.uniques.retain(|one| *one != unique);
        cases.push(("unique", table.name.clone(), Box::new(edit)));
    }
    if live.table("runs").is_some_and(|runs| !runs.checks.is_empty()) {
        cases.push(("check", "runs".to_owned(), Box::new(|table| table.checks.clear())));
    }
    let tags = || "tags".to_owned();
    cases.push(("foreign key", tags(), Box::new(|table| table.foreign_keys.clear())));
    cases.push(("primary key", tags(), Box::new(|table| table.primary_key = None)));
    let nullable = |table: &mut Table| column(table, "value").nullable = true;
    cases.push(("nullability", "params".to_owned(), Box::new(nullable)));
    let plain = |table: &mut Table| column(table, "step").default = None;
    cases.push(("default", "metrics".to_owned(), Box::new(plain)));
    cases
}

fn column<'a>(table: &'a mut Table, name: &str) -> &'a mut mlflow_migrate_core::schema::Column {
    table.columns.iter_mut().find(|column| column.name == name).unwrap()
}

/// Repairs what was made wrong; afterwards everything is well, and the rows are what they were.
async fn assert_repaired(
    server: &TestServer,
    database: &dyn TestDatabase,
    what: &str,
    before: &[Vec<Vec<Cell>>],
) -> RepairReport {
    let report = repaired(server, database).await.unwrap_or_else(|it| panic!("{what}: {it}"));
    assert!(!report.repairs.is_empty() && report.is_sound(), "{what}: {report:?}");
    let verified = verified(server, database).await;
    assert!(verified.is_sound(), "{what}: {verified:?}");
    assert_eq!(verified.checked.repairable, Vec::new(), "{what}");
    assert!(rows(database) == before, "{what}");
    let extra = format!("{:?}", verified.checked.extra);
    assert!(extra.contains("\"own\"") && extra.contains("own_unit"), "{what}: {extra}");
    let again = repaired(server, database).await.unwrap();
    assert!(again.repairs.is_empty() && again.steps.is_empty(), "{what}: {again:?}");
    report
}

async fn what_is_missing_is_put_back(server: &TestServer) {
    let database = filled(server).await;
    let before = rows(&*database);
    for (what, table, edit) in cases(&*database).await {
        change(&*database, &table, edit).await;
        let found = verified(server, &*database).await.checked;
        assert!(!found.repairable.is_empty(), "{what} of {table}: {found:?}");
        let report = assert_repaired(server, &*database, what, &before).await;
        assert!(report.repairs.iter().all(|one| matches!(one, Repair::Object(_))), "{report:?}");
    }
    if live(&*database).await.unwrap().0.table("secrets").is_some() {
        let on = if server.is_postgres() { " ON secrets" } else { "" };
        database.run(&format!("DROP TRIGGER prevent_secrets_aad_mutation{on}"));
        assert!(!verified(server, &*database).await.is_sound());
        assert_repaired(server, &*database, "trigger", &before).await;
    }
}

async fn wrong_rows_of_latest_metrics_are_computed_again(server: &TestServer) {
    let database = filled(server).await;
    let before = rows(&*database);
    for spoil in [
        "DELETE FROM latest_metrics WHERE \"key\" = 'metric 1'",
        "UPDATE latest_metrics SET value = 7 WHERE \"key\" = 'metric 2'",
        "INSERT INTO latest_metrics (\"key\", value, timestamp, step, is_nan, run_uuid)
         SELECT 'none', 1, 1, 1, is_nan, run_uuid FROM latest_metrics WHERE \"key\" = 'metric 3'",
        "DROP TABLE latest_metrics",
    ] {
        database.run(spoil);
        assert!(!verified(server, &*database).await.is_sound(), "{spoil}");
        assert_repaired(server, &*database, spoil, &before).await;
    }
}

async fn leftovers_are_removed(server: &TestServer) {
    let leftover = match () {
        () if server.is_sqlite() => "CREATE TABLE _alembic_tmp_runs (id INTEGER)",
        () if server.is_mysql() => {
            "CREATE TABLE alembic_mlflow_migrate (id INT NOT NULL, note LONGTEXT NOT NULL, \
             PRIMARY KEY (id)) ENGINE=InnoDB"
        }
        () => return,
    };
    let database = filled(server).await;
    let before = rows(&*database);
    database.run(leftover);
    let report = assert_repaired(server, &*database, leftover, &before).await;
    assert_eq!(report.repairs.len(), 1, "{report:?}");
}

async fn rows_that_a_constraint_would_refuse_are_counted(server: &TestServer) {
    let database = filled(server).await;
    change(&*database, "tags", |table| table.foreign_keys.clear()).await;
    database.run("INSERT INTO tags (\"key\", value, run_uuid) VALUES ('k', 'v', 'none')");
    let before = rows(&*database);
    let error = repaired(server, &*database).await.unwrap_err();
    assert_told(&error, ErrorKind::Refused);
    assert!(
        matches!(error, Error::Constraint(ConstraintError::Orphans { count: 1, .. })),
        "{error:?}"
    );
    assert!(rows(&*database) == before);
    let mut backend = database.connect().await.unwrap();
    let options = RepairOptions::default();
    let preview = preview_repair(&mut *backend, server.catalogue(), &options).await.unwrap();
    assert_eq!(preview.report.planned, ["change table tags"]);
    assert_eq!(preview.problems.first().map(Error::kind), Some(ErrorKind::Refused));
    drop(backend);
    database.run("DELETE FROM tags WHERE run_uuid = 'none'");
    assert!(repaired(server, &*database).await.unwrap().is_sound());
}

async fn what_cannot_be_repaired_is_listed(server: &TestServer) {
    let database = filled(server).await;
    change(&*database, "tags", |table| table.foreign_keys.clear()).await;
    change(&*database, "runs", |table| table.columns.retain(|it| it.name != "source_name")).await;
    let report = repaired(server, &*database).await.unwrap();
    let remaining: Vec<String> = report.remaining.iter().map(ToString::to_string).collect();
    assert_eq!(remaining, ["missing: runs: column source_name"]);
    assert_eq!((report.repairs.len(), report.is_sound()), (1, false), "{report:?}");
    let found = verified(server, &*database).await.checked;
    assert_eq!((found.drift, found.repairable), (report.remaining, Vec::new()));
}

async fn a_schema_of_another_state_is_refused(server: &TestServer) {
    let database = server.at(OLD).await;
    database.run("UPDATE alembic_version SET version_num = 'bd07f7e963c5'");
    for _ in 0..2 {
        let before = database.contents();
        let error = repaired(server, &*database).await.unwrap_err();
        assert_told(&error, ErrorKind::Drift);
        assert!(database.contents() == before, "{error}");
        change(&*database, "tags", |table| table.foreign_keys.clear()).await;
    }
}

/// Stops a repair when its first step is noted.
async fn interrupted(server: &TestServer, address: &Address) {
    let proxy = Proxy::cut_at(address, "SET note = '1' WHERE id = 0", 1);
    let mut backend = open(&address.through_port(proxy.port()), Waits::default()).await.unwrap();
    let error = repaired_by(server, &mut *backend).await.unwrap_err();
    assert!(error.to_string().contains("the repair stopped at step 1 of 2"), "{error}");
    drop(backend);
    wait_until_alone(server, address);
}

async fn an_interrupted_repair_is_finished(server: &TestServer) {
    let database = filled(server).await;
    let address = address_of(&*database);
    let before = rows(&*database);
    for again in ["repair", "upgrade"] {
        change(&*database, "tags", |table| table.foreign_keys.clear()).await;
        let nullable = |table: &mut Table| column(table, "value").nullable = true;
        change(&*database, "params", nullable).await;
        interrupted(server, &address).await;
        let mut backend = database.connect().await.unwrap();
        let found = status(&mut *backend, server.catalogue(), None).await.unwrap();
        let others = json!({
            "event": "status", "database": "", "upgraders": [], "running_step": null
        });
        assert_fits(&found, &others);
        let Status::Unfinished(unfinished) = found else { panic!("{found:?}") };
        assert_eq!((unfinished.operation, unfinished.steps), (Operation::Repair, 2));
        if again == "repair" {
            assert!(repaired_by(server, &mut *backend).await.unwrap().is_sound());
        } else {
            to_newest(server, &address).await.unwrap();
        }
        assert!(verified(server, &*database).await.is_sound(), "{again}");
        assert!(rows(&*database) == before, "{again}");
    }
}
