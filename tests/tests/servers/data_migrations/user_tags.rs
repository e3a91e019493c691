//! 90e64c465722: a run's user becomes its `mlflow.user` tag.

use mlflow_migrate_tests::capability::{CASE_COUNTS, CASE_IS_IGNORED};
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::{quoted, texts, upgraded};

pub(crate) const TESTS: &[Test] = tests![
    every_run_of_an_experiment_gets_its_tag,
    a_run_without_an_experiment_gets_its_tag,
    a_run_without_a_user_gets_none,
    a_user_of_white_space_is_a_user,
    an_existing_tag_is_kept,
    a_tag_whose_key_differs_by_case_is_left_alone => CASE_COUNTS,
    a_tag_whose_key_differs_by_case_stands_in_the_way => CASE_IS_IGNORED,
];

const BEFORE: &str = "451aebb31d03";
const AFTER: &str = "90e64c465722";

fn tags(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(r#"SELECT run_uuid, "key", value FROM tags ORDER BY run_uuid, "key""#)
}

/// MLflow sees only the first run of each experiment.
async fn every_run_of_an_experiment_gets_its_tag(server: &TestServer) {
    let database = server.at(BEFORE).await;
    let zoe = format!("Zoë 'Z' {}", server.widest_character());
    database.run(&format!(
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one'), (2, 'two');
         INSERT INTO runs (run_uuid, user_id, experiment_id) VALUES
            ('a', 'ann', 1), ('b', 'bob', 1), ('c', {}, 1), ('d', 'dan', 2);",
        quoted(&zoe)
    ));
    let (report, _) = upgraded(server, &*database, AFTER).await;
    assert_eq!(report.rows_migrated, 4);
    let expected = [
        ["a", "mlflow.user", "ann"],
        ["b", "mlflow.user", "bob"],
        ["c", "mlflow.user", &zoe],
        ["d", "mlflow.user", "dan"],
    ];
    assert_eq!(tags(&*database), expected.map(|row| texts(&row)));
    let users = database.query("SELECT user_id FROM runs WHERE run_uuid = 'a'");
    assert_eq!(users, [texts(&["ann"])], "the column keeps its values");
}

/// MLflow stops at it with an `AttributeError`.
async fn a_run_without_an_experiment_gets_its_tag(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run("INSERT INTO runs (run_uuid, user_id) VALUES ('a', 'ann')");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(tags(&*database), [texts(&["a", "mlflow.user", "ann"])]);
}

async fn a_run_without_a_user_gets_none(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run("INSERT INTO runs (run_uuid, user_id) VALUES ('empty', ''), ('null', NULL)");
    let (report, _) = upgraded(server, &*database, AFTER).await;
    assert_eq!(report.rows_migrated, 0);
    assert!(tags(&*database).is_empty());
}

async fn a_user_of_white_space_is_a_user(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run("INSERT INTO runs (run_uuid, user_id) VALUES ('a', ' ')");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(tags(&*database), [texts(&["a", "mlflow.user", " "])]);
}

async fn an_existing_tag_is_kept(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run(
        r#"INSERT INTO runs (run_uuid, user_id) VALUES ('a', 'ann'), ('b', 'bob'), ('c', 'cid');
           INSERT INTO tags ("key", value, run_uuid) VALUES
            ('mlflow.user', 'somebody', 'a'), ('mlflow.user', NULL, 'b'), ('other', 'x', 'c')"#,
    );
    upgraded(server, &*database, AFTER).await;
    let null = vec![Cell::from("b"), Cell::from("mlflow.user"), Cell::Null];
    let expected = [
        texts(&["a", "mlflow.user", "somebody"]),
        null,
        texts(&["c", "mlflow.user", "cid"]),
        texts(&["c", "other", "x"]),
    ];
    assert_eq!(tags(&*database), expected);
}

async fn a_tag_whose_key_differs_by_case_is_left_alone(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run(
        r#"INSERT INTO runs (run_uuid, user_id) VALUES ('a', 'ann');
           INSERT INTO tags ("key", value, run_uuid) VALUES ('MLFLOW.USER', 'mine', 'a')"#,
    );
    upgraded(server, &*database, AFTER).await;
    let expected = [["a", "MLFLOW.USER", "mine"], ["a", "mlflow.user", "ann"]];
    assert_eq!(tags(&*database), expected.map(|row| texts(&row)));
}

/// Where a server ignores case, the two keys collide, and MLflow overwrites the user's tag.
async fn a_tag_whose_key_differs_by_case_stands_in_the_way(server: &TestServer) {
    let database = server.at(BEFORE).await;
    database.run(
        r#"INSERT INTO runs (run_uuid, user_id) VALUES ('a', 'ann'), ('b', 'bob');
           INSERT INTO tags ("key", value, run_uuid) VALUES ('MLFLOW.USER', 'mine', 'a')"#,
    );
    upgraded(server, &*database, AFTER).await;
    let expected = [["a", "MLFLOW.USER", "mine"], ["b", "mlflow.user", "bob"]];
    assert_eq!(tags(&*database), expected.map(|row| texts(&row)));
}
