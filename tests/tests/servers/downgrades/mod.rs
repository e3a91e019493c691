//! The way back: schema and rows are those from before, losses are counted, and what cannot be undone
//! is refused.

mod interrupted;
mod objects;

use std::sync::Arc;

use mlflow_migrate_core::error::{DowngradeError, ErrorKind, Loss};
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::{Error, UpgradeOptions, UpgradeReport};
use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::conformance::{State, differences, live};
use mlflow_migrate_tests::database::{Cell, TestDatabase, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};

use crate::common::assert_told;

pub(crate) const TESTS: &[&[Test]] = &[
    tests![
        pairs_of_states_go_back_and_forth,
        rows_are_those_from_before,
        what_would_be_lost_is_counted,
        a_value_that_only_looks_like_the_default_is_lost => EVERY_REVISION,
        what_upgrades_write_again_is_no_loss => EVERY_REVISION,
        names_of_two_workspaces_collide => EVERY_REVISION,
        what_cannot_be_undone_is_refused,
        what_is_the_users_stays,
    ],
    interrupted::TESTS,
    objects::TESTS,
];

/// `all`: every pair of states of SQLite, and 200 of each server.
const PAIRS: &str = "MLFLOW_MIGRATE_DOWNGRADES";

/// Downgrades a database by a new connection.
pub(crate) async fn downgrade(
    server: &TestServer,
    database: &dyn TestDatabase,
    to: &str,
    discard: bool,
) -> Result<UpgradeReport, Error> {
    downgrade_by(server.catalogue(), database, to, discard).await
}

/// Downgrades the tables of one graph.
pub(crate) async fn downgrade_by(
    catalogue: &Catalogue,
    database: &dyn TestDatabase,
    to: &str,
    discard: bool,
) -> Result<UpgradeReport, Error> {
    let mut backend = database.connect().await?;
    let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
    let request = UpgradeOptions::back_to(Target::parse(to), discard);
    mlflow_migrate_core::upgrade(&mut *backend, catalogue, &request, &observer).await
}

/// The rows of all tables that some MLflow has, in no order of their own.
pub(crate) async fn rows(database: &dyn TestDatabase) -> Vec<(String, Vec<Vec<Cell>>)> {
    let (schema, _) = live(database).await.unwrap();
    let read = |name: String| {
        let mut rows = database.query(&format!("SELECT * FROM \"{name}\""));
        rows.sort();
        (name, rows)
    };
    schema.tables.into_keys().map(read).collect()
}

fn name(state: &State) -> &str {
    state.0.as_deref().unwrap_or("base")
}

/// The pairs of states, the newer one first. Each state is the older one of some pair.
fn pairs(server: &TestServer, states: usize) -> Vec<(usize, usize)> {
    let is_all = std::env::var(PAIRS).is_ok_and(|pairs| pairs == "all");
    let newest = states - 1;
    if is_all && server.is_sqlite() {
        return (1..=newest).flat_map(|from| (0..from).map(move |to| (from, to))).collect();
    }
    let count = if is_all { 200 } else { 5 };
    let all: Vec<(usize, usize)> =
        (0..newest).map(|to| (newest - (to * 7) % (newest - to), to)).collect();
    let step = if server.is_sqlite() { 1 } else { (newest / count).max(1) };
    all.into_iter().step_by(step).collect()
}

async fn pairs_of_states_go_back_and_forth(server: &TestServer) {
    let states = server.reference().states().unwrap();
    for (from, to) in pairs(server, states.len()) {
        let (newer, older) = (&states[from], &states[to]);
        let names = format!("{} to {}", name(newer), name(older));
        let database = server.at(name(newer)).await;
        let report = downgrade(server, &*database, name(older), false).await;
        let report = report.unwrap_or_else(|error| panic!("{names}: {error}"));
        assert_eq!((report.revisions.len(), &report.to), (from - to, &older.0), "{names}");
        for (state, way) in [(older, "down"), (newer, "up")] {
            if way == "up" {
                upgrade(server.catalogue(), &*database, name(newer)).await.unwrap();
            }
            let lines = differences(server, &*database, state).await.unwrap();
            assert!(lines.is_empty(), "{names}, {way}:\n{}", lines.join("\n"));
        }
        if server.is_sqlite() {
            assert_eq!(database.query("PRAGMA integrity_check"), [["ok".into()]], "{names}");
        }
    }
}

/// From before metrics have their newest entries, and models their workspaces.
async fn rows_are_those_from_before(server: &TestServer) {
    let newer = if EVERY_REVISION.is_of(server) { "b7e2c1a4d9f3" } else { server.head() };
    for older in ["7ac759974ad8", "c48cb773bb87"] {
        let database = server.at("7ac759974ad8").await;
        fill::metrics(&*database, 3);
        database.run(
            r#"INSERT INTO experiments (experiment_id, name, lifecycle_stage)
               VALUES (7, 'one', 'active'), (8, 'other', 'deleted');
               INSERT INTO tags (run_uuid, "key", value) SELECT run_uuid, 'k', 'me' FROM runs;
               INSERT INTO params (run_uuid, "key", value) SELECT run_uuid, 'depth', '3' FROM runs"#,
        );
        upgrade(server.catalogue(), &*database, older).await.unwrap();
        if older == "c48cb773bb87" {
            database.run(
                "INSERT INTO registered_models (name, description) VALUES ('m', NULL), ('n', 'it');
                 INSERT INTO model_versions (name, version) VALUES ('m', 1), ('m', 2), ('n', 1)",
            );
        }
        let before = rows(&*database).await;
        upgrade(server.catalogue(), &*database, newer).await.unwrap();
        let report = downgrade(server, &*database, older, false).await;
        let report = report.unwrap_or_else(|error| panic!("{newer} to {older}: {error}"));
        assert_eq!(report.losses, []);
        let after = rows(&*database).await;
        assert!(before == after, "{newer} to {older}");
        assert!(before.iter().map(|(_, rows)| rows.len()).sum::<usize>() > 3000);
    }
}

/// Whatever a refused downgrade says, the database is as it was.
async fn refused(server: &TestServer, database: &dyn TestDatabase, to: &str) -> Error {
    let before = database.contents();
    let error = downgrade(server, database, to, false).await.unwrap_err();
    assert!(database.contents() == before, "{error}");
    error
}

fn losses(error: &Error) -> Vec<String> {
    let Error::Downgrade(DowngradeError::Losses { losses }) = error else { panic!("{error:?}") };
    losses.iter().map(Loss::to_string).collect()
}

async fn what_would_be_lost_is_counted(server: &TestServer) {
    let database = server.at("3500859a5d39").await;
    database.run(
        "INSERT INTO experiments (experiment_id, name, lifecycle_stage, creation_time) VALUES
            (7, 'one', 'active', 5), (8, 'other', 'active', NULL);
         INSERT INTO runs (run_uuid, experiment_id, deleted_time) VALUES ('a', 7, 9), ('b', 7, NULL);
         INSERT INTO registered_models (name) VALUES ('m');
         INSERT INTO registered_model_aliases (name, alias, version) VALUES ('m', 'best', 1)",
    );
    let error = refused(server, &*database, "bd07f7e963c5").await;
    assert_told(&error, ErrorKind::Refused);
    let expected = [
        "column creation_time of experiments (1 row)",
        "table registered_model_aliases (1 row)",
        "column deleted_time of runs (1 row)",
    ];
    assert_eq!(losses(&error), expected);
    let report = downgrade(server, &*database, "bd07f7e963c5", true).await.unwrap();
    assert_eq!(report.losses.iter().map(Loss::to_string).collect::<Vec<_>>(), expected);
    let state = server.reference().states().unwrap();
    let state = state.iter().find(|state| state.0.as_deref() == Some("bd07f7e963c5")).unwrap();
    assert_eq!(differences(server, &*database, state).await.unwrap(), Vec::<String>::new());
    assert_eq!(
        database.query("SELECT run_uuid FROM runs ORDER BY 1"),
        [["a".into()], ["b".into()]]
    );
}

/// A workspace that a collation takes for the default one is another one.
async fn a_value_that_only_looks_like_the_default_is_lost(server: &TestServer) {
    let database = server.at("1b5f0d9ad7c1").await;
    database.run(
        "INSERT INTO experiments (experiment_id, name, workspace) VALUES (7, 'one', 'DEFAULT')",
    );
    let error = refused(server, &*database, "c8d9e0f1a2b3").await;
    assert_eq!(losses(&error), ["column workspace of experiments (1 row)"]);
}

/// The default workspace, and categories of issues.
async fn what_upgrades_write_again_is_no_loss(server: &TestServer) {
    let database = server.at("e7d1f4b2a9c6").await;
    database.run(
        r#"INSERT INTO experiments (experiment_id, name, lifecycle_stage) VALUES (7, 'one', 'active');
           INSERT INTO issues (issue_id, experiment_id, name, description, status, categories,
               created_timestamp, last_updated_timestamp)
           VALUES ('i', 7, 'n', 'd', 'open', '["A", "b"]', 5, 6)"#,
    );
    let before = rows(&*database).await;
    upgrade(server.catalogue(), &*database, "head").await.unwrap();
    assert_eq!(database.query("SELECT category FROM issue_categories").len(), 2);
    let report = downgrade(server, &*database, "e7d1f4b2a9c6", false).await.unwrap();
    assert_eq!((report.losses.as_slice(), report.tables_dropped), (&[][..], 1));
    assert!(rows(&*database).await == before);
    upgrade(server.catalogue(), &*database, "head").await.unwrap();
    database.run(
        r#"UPDATE issues SET last_seen_timestamp = 9;
           INSERT INTO issues (issue_id, experiment_id, name, description, status,
               created_timestamp, last_updated_timestamp, last_seen_timestamp)
           VALUES ('j', 7, 'n', 'd', 'open', 5, 6, 5);
           INSERT INTO issue_categories (issue_id, category_hash, category) VALUES ('j', 'h', 'c')"#,
    );
    let error = refused(server, &*database, "e7d1f4b2a9c6").await;
    let expected =
        ["table issue_categories (1 row)", "column last_seen_timestamp of issues (1 row)"];
    assert_eq!(losses(&error), expected);
}

/// No flag merges workspaces whose names collide.
async fn names_of_two_workspaces_collide(server: &TestServer) {
    let database = server.at("1b5f0d9ad7c1").await;
    database.run(
        "INSERT INTO workspaces (name) VALUES ('other');
         INSERT INTO registered_models (workspace, name) VALUES ('default', 'm'), ('other', 'm'), ('other', 'n')",
    );
    let before = database.contents();
    let error = downgrade(server, &*database, "c8d9e0f1a2b3", true).await.unwrap_err();
    assert_told(&error, ErrorKind::Refused);
    assert!(error.to_string().contains("registered_models"), "{error}");
    assert!(database.contents() == before);
    database.run("DELETE FROM registered_models WHERE workspace = 'other' AND name = 'm'");
    let error = refused(server, &*database, "c8d9e0f1a2b3").await;
    let expected = ["column workspace of registered_models (1 row)", "table workspaces (1 row)"];
    assert_eq!(losses(&error), expected);
    downgrade(server, &*database, "c8d9e0f1a2b3", true).await.unwrap();
    let names = database.query("SELECT name FROM registered_models ORDER BY name");
    assert_eq!(names, [["m".into()], ["n".into()]]);
}

async fn what_cannot_be_undone_is_refused(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 1);
    database.run(
        "INSERT INTO tags (\"key\", value, run_uuid) SELECT 'mlflow.user', 'me', run_uuid FROM runs",
    );
    let error = refused(server, &*database, "base").await;
    assert_told(&error, ErrorKind::TargetBehind);
    let Error::Downgrade(DowngradeError::Irreversible { revision, rows, nearest, .. }) = &error
    else {
        panic!("{error:?}")
    };
    // Where a 32-bit float has fewer digits, the metrics cannot go back before their tags.
    let (newest, count) =
        if server.is_mysql() { ("181f10493468", 1000) } else { ("90e64c465722", 100) };
    assert_eq!((revision.as_str(), *rows, nearest.as_deref()), (newest, count, Some(newest)));
    downgrade(server, &*database, newest, false).await.unwrap();
    let error = refused(server, &*database, "451aebb31d03").await;
    assert!(mlflow_migrate::hint(&error).unwrap().contains("no older revision"), "{error}");
    let error = downgrade(server, &*database, "7ac759974ad8", false).await.unwrap_err();
    assert_told(&error, ErrorKind::Target);
}

async fn what_is_the_users_stays(server: &TestServer) {
    let database = server.at("c48cb773bb87").await;
    database.run(
        r#"INSERT INTO registered_models (name) VALUES ('m');
           ALTER TABLE registered_models ADD COLUMN of_the_user INTEGER DEFAULT 7;
           CREATE INDEX of_the_user ON model_versions (status, version);
           CREATE TABLE notes (a INTEGER NOT NULL, PRIMARY KEY (a)); INSERT INTO notes VALUES (3)"#,
    );
    upgrade(server.catalogue(), &*database, server.head()).await.unwrap();
    let (upgraded, _) = live(&*database).await.unwrap();
    downgrade(server, &*database, "c48cb773bb87", false).await.unwrap();
    let (downgraded, _) = live(&*database).await.unwrap();
    for schema in [upgraded, downgraded] {
        let index = &schema.table("model_versions").unwrap().indexes;
        assert!(index.iter().any(|index| index.name == "of_the_user"));
    }
    assert_eq!(database.query("SELECT of_the_user FROM registered_models"), [[Cell::from(7)]]);
    assert_eq!(database.query("SELECT a FROM notes"), [[Cell::from(3)]]);
}
