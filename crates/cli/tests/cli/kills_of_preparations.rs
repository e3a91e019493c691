//! `kill -9` of preparations, of the upgrade after one, and of taking one back.

use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::kills_at_steps::{End, kill_when_told};
use crate::sandbox::Sandbox;

/// The last state before trace analytics, from which 12 tables, 2 times columns with their values, and
/// 5 indexes can be prepared.
const STATE: &str = "b7e2c1a4d9f3";

/// Tables, columns, values, and indexes.
const WHEN: [(usize, End); 4] =
    [(12, End::Ends), (13, End::Ends), (14, End::Begins), (17, End::Begins)];

async fn with_traces(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(STATE).await;
    let mut all =
        vec!["INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')".to_owned()];
    for id in 0..600 {
        all.push(format!(
            "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) \
             VALUES ('{id:04}', 1, {id}, 'OK')"
        ));
        all.push(format!(
            r#"INSERT INTO trace_tags (request_id, "key", value)
               VALUES ('{id:04}', 'mlflow.traceName', 'name {id}')"#
        ));
    }
    database.run(&all.join(";\n"));
    database
}

fn succeeds(sandbox: &Sandbox, arguments: &[&str]) {
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
}

/// Names that are those of the tags, however often and wherever the programs were killed.
fn assert_filled(database: &dyn TestDatabase, before: usize) {
    let wrong = "SELECT request_id FROM trace_info WHERE trace_name IS NULL \
                 OR trace_name NOT LIKE 'name %'";
    assert!(database.query(wrong).is_empty());
    assert_eq!(database.query("SELECT request_id FROM trace_info").len(), before);
}

#[tokio::test]
async fn on_servers() {
    let sandbox = Sandbox::new();
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    let able = |server: &TestServer| server.head() == "head" && !server.is_another_charset();
    for server in servers.into_iter().filter(able) {
        let database = with_traces(&server).await;
        let address = database.address().unwrap();
        let url = address.to_string();
        let settle = || wait_until_alone(&server, address);
        for (step, end) in WHEN {
            kill_when_told(step, end, &mut sandbox.command(&["prepare", &url, "--json"]));
            settle();
            // What was killed is continued, or taken back, which is killed as well.
            if step % 2 == 0 {
                let undo = ["prepare", &url, "--undo", "--json"];
                kill_when_told(2, End::Begins, &mut sandbox.command(&undo));
                settle();
            } else {
                succeeds(&sandbox, &["prepare", &url]);
            }
            succeeds(&sandbox, &["prepare", &url, "--undo"]);
            succeeds(&sandbox, &["doctor", &url]);
        }
        succeeds(&sandbox, &["prepare", &url]);
        for (step, end) in [(2, End::Begins), (3, End::Ends), (8, End::Ends)] {
            kill_when_told(step, end, &mut sandbox.command(&["upgrade", &url, "--json"]));
            settle();
            // On PostgreSQL a killed upgrade has left nothing.
            if server.is_postgres() {
                succeeds(&sandbox, &["prepare", &url]);
            }
        }
        succeeds(&sandbox, &["upgrade", &url]);
        succeeds(&sandbox, &["check", &url]);
        assert_filled(&*database, 600);
        let left = "SELECT table_name FROM information_schema.tables \
                    WHERE table_name LIKE 'alembic_mlflow_migrate_filled%'";
        let schema = if server.is_postgres() { "current_schema()" } else { "database()" };
        assert!(database.query(&format!("{left} AND table_schema = {schema}")).is_empty());
    }
}
