//! 1b5f0d9ad7c1: everything so far belongs to the workspace `default`.

use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{texts, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    the_default_workspace_is_there => EVERY_REVISION,
    it_is_there_in_a_new_database_too => EVERY_REVISION,
    a_row_that_is_there_already_is_kept => EVERY_REVISION,
];

const BEFORE: &str = "c8d9e0f1a2b3";
const AFTER: &str = "1b5f0d9ad7c1";
const DESCRIPTION: &str = "Default workspace for legacy resources";

fn workspaces(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query("SELECT name, description FROM workspaces ORDER BY name")
}

async fn the_default_workspace_is_there(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run("INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(workspaces(&*database), [texts(&["default", DESCRIPTION])]);
    let root = database.query("SELECT default_artifact_root FROM workspaces");
    assert_eq!(root, [[Cell::Null]]);
    let belongs = database.query("SELECT workspace FROM experiments WHERE experiment_id = 1");
    assert_eq!(belongs, [texts(&["default"])]);
}

/// The revision is one of those that an empty database gets at once.
async fn it_is_there_in_a_new_database_too(server: &TestServer) {
    for target in [AFTER, "head"] {
        let database = server.at(target).await;
        assert_eq!(workspaces(&*database), [texts(&["default", DESCRIPTION])], "{target}");
    }
}

/// A run of MLflow that died on a server without transactional DDL leaves the table, perhaps with
/// its row.
async fn a_row_that_is_there_already_is_kept(server: &TestServer) {
    for (rows, expected) in [
        ("", vec![["default", DESCRIPTION]]),
        (
            "INSERT INTO workspaces (name, description) VALUES ('default', 'mine')",
            vec![["default", "mine"]],
        ),
        (
            "INSERT INTO workspaces (name, description) VALUES ('team', 'ours')",
            vec![["default", DESCRIPTION], ["team", "ours"]],
        ),
    ] {
        let database = server.at(BEFORE).await;
        database.run(
            "CREATE TABLE workspaces (name VARCHAR(63) NOT NULL, description TEXT,
             default_artifact_root TEXT, CONSTRAINT workspaces_pk PRIMARY KEY (name))",
        );
        if !rows.is_empty() {
            database.run(rows);
        }
        upgraded(server, &*database, AFTER).await;
        let expected: Vec<_> = expected.iter().map(|row| texts(row)).collect();
        assert_eq!(workspaces(&*database), expected, "{rows}");
    }
}
