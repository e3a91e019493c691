//! `kill -9` at many instants, and the same command again.
//!
//! `MLFLOW_MIGRATE_KILLS` says at how many instants each upgrade is killed.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::sandbox::{HEAD, Sandbox};

/// Where upgrades begin: without any of MLflow's revisions, and where metrics have to be moved.
const STATES: [&str; 2] = ["base", "7ac759974ad8"];

/// Entries of each metric, so that an upgrade takes a while.
const STEPS: i64 = 20;

fn kills() -> u32 {
    let wanted = std::env::var("MLFLOW_MIGRATE_KILLS").ok();
    wanted.map_or(4, |wanted| wanted.parse().unwrap())
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// How long a command takes that nobody disturbs.
fn time(command: &mut Command) -> Duration {
    let started = Instant::now();
    assert!(start(command).wait().unwrap().success());
    started.elapsed()
}

/// The instants at which something that takes so long is killed.
fn instants(duration: Duration) -> impl Iterator<Item = Duration> {
    let kills = kills();
    (0..kills).map(move |number| duration * (2 * number + 1) / (2 * kills))
}

fn kill_after(instant: Duration, command: &mut Command) {
    let mut child = start(command);
    std::thread::sleep(instant);
    // It may have come to its end.
    let _ = child.kill();
    child.wait().unwrap();
}

/// The rows that an upgrade moves.
fn rows(database: &dyn TestDatabase) -> Vec<Vec<Vec<Cell>>> {
    let read = |table: &&str| {
        let mut rows = database.query(&format!("SELECT * FROM {table}"));
        rows.sort();
        rows
    };
    ["runs", "metrics", "latest_metrics"].iter().map(read).collect()
}

async fn filled(server: &TestServer, state: &str) -> Box<dyn TestDatabase> {
    let database = server.at(state).await;
    if state != "base" {
        fill::metrics(&*database, STEPS);
    }
    database
}

#[tokio::test]
async fn on_servers() {
    let sandbox = Sandbox::new();
    for server in TestServer::given().unwrap_or_else(|problem| panic!("{problem}")) {
        for state in STATES {
            let undisturbed = filled(&server, state).await;
            let url = |database: &dyn TestDatabase| database.address().unwrap().to_string();
            let upgrade = |url: &str| sandbox.command(&["upgrade", url, "--to", server.head()]);
            let duration = time(&mut upgrade(&url(&*undisturbed)));
            let expected = rows(&*undisturbed);
            for instant in instants(duration) {
                let what = format!("{}: from {state}, killed after {instant:?}", server.name());
                let database = filled(&server, state).await;
                let before = database.contents();
                kill_after(instant, &mut upgrade(&url(&*database)));
                wait_until_alone(&server, database.address().unwrap());
                if server.reference().platform().transactional_ddl {
                    let is_finished = || {
                        let version =
                            |it: &dyn TestDatabase| it.query("SELECT * FROM alembic_version");
                        version(&*database) == version(&*undisturbed)
                    };
                    assert!(database.contents() == before || is_finished(), "{what}");
                }
                let again = upgrade(&url(&*database)).output().unwrap();
                let told = String::from_utf8_lossy(&again.stderr).into_owned();
                assert!(again.status.success(), "{what}: {told}");
                assert_at(&server, &*database, server.head()).await;
                assert!(rows(&*database) == expected, "{what}");
            }
        }
    }
}

#[test]
fn on_sqlite() {
    for state in STATES {
        let undisturbed = sqlite(state);
        let duration = time(&mut undisturbed.command(&["upgrade", "mlruns.db"]));
        for instant in instants(duration) {
            let sandbox = sqlite(state);
            let before = sandbox.files();
            kill_after(instant, &mut sandbox.command(&["upgrade", "mlruns.db"]));
            // Whoever opens the file next takes back what was not finished.
            let check = |sandbox: &Sandbox| {
                let sql = "PRAGMA integrity_check";
                sandbox.connect().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
            };
            assert_eq!(check(&sandbox), "ok");
            let is_finished = sandbox.run(&["current", "mlruns.db"]).stdout.starts_with(HEAD);
            // A journal that is not needed stays until somebody writes.
            let is_as_before = sandbox.files()["mlruns.db"] == before["mlruns.db"];
            assert!(is_as_before != is_finished, "from {state}, killed after {instant:?}");
            assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
            assert_eq!(sandbox.run(&["verify", "--deep", "mlruns.db"]).code, 0);
            assert_eq!(newest(&sandbox), newest(&undisturbed));
        }
    }
}

fn sqlite(state: &str) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    sandbox.sql(
        "INSERT INTO metrics (key, value, timestamp, run_uuid) \
         WITH RECURSIVE n(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT 50000) \
         SELECT 'key' || (value % 20), value * 0.5, 1560000000000 + value, \
         (SELECT min(run_uuid) FROM runs) FROM n;",
    );
    if state != "base" {
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to", state]).code, 0);
    }
    sandbox
}

fn newest(sandbox: &Sandbox) -> Vec<(String, String, i64)> {
    let connection = sandbox.connect();
    let sql = "SELECT run_uuid, key, timestamp FROM latest_metrics ORDER BY 1, 2";
    let mut rows = connection.prepare(sql).unwrap();
    let read = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    read.map(Result::unwrap).collect()
}
