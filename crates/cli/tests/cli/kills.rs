//! `kill -9` at many instants and at the ends of steps, and the same command again.
//!
//! `MLFLOW_MIGRATE_KILLS` says at how many instants each upgrade is killed.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::kills_at_steps;
use crate::sandbox::{HEAD, Ran, Sandbox};

/// Where upgrades begin: without any of MLflow's revisions, and where metrics have to be moved.
const STATES: [&str; 2] = ["base", "7ac759974ad8"];

/// Entries of each metric, so that an upgrade takes a while.
const STEPS: i64 = 20;

fn kills() -> u32 {
    let wanted = std::env::var("MLFLOW_MIGRATE_KILLS").ok();
    wanted.map_or(2, |wanted| wanted.parse().unwrap())
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The instants at which something that takes so long is killed.
pub(crate) fn instants(duration: Duration) -> impl Iterator<Item = Duration> {
    let kills = kills();
    (0..kills).map(move |number| duration * (2 * number + 1) / (2 * kills))
}

pub(crate) fn kill_after(instant: Duration, command: &mut Command) {
    let mut child = start(command);
    std::thread::sleep(instant);
    // It may have come to its end.
    let _ = child.kill();
    child.wait().unwrap();
}

/// All rows of all tables.
fn rows(database: &dyn TestDatabase) -> Vec<(Cell, Vec<Vec<Cell>>)> {
    let tables = "SELECT table_name FROM information_schema.tables \
                  WHERE table_schema NOT IN ('information_schema', 'pg_catalog', 'mysql', 'sys', \
                  'performance_schema') AND (table_schema = DATABASE() OR table_schema = 'public')";
    let tables = match database.address().unwrap().is_postgres() {
        true => tables.replace("table_schema = DATABASE() OR ", ""),
        false => tables.to_owned(),
    };
    let read = |name: Cell| {
        let Cell::Text(table) = &name else { panic!("{name:?}") };
        let mut rows = database.query(&format!("SELECT * FROM \"{table}\""));
        rows.sort();
        (name, rows)
    };
    let mut tables = database.query(&tables);
    tables.sort();
    tables.into_iter().flatten().map(read).collect()
}

async fn filled(server: &TestServer, state: &str) -> Box<dyn TestDatabase> {
    let database = server.at(state).await;
    if state != "base" {
        fill::metrics(&*database, STEPS);
    }
    database
}

/// An upgrade on a server that nobody disturbs, to compare others with.
pub(crate) struct Undisturbed<'a> {
    pub(crate) server: &'a TestServer,
    sandbox: &'a Sandbox,
    pub(crate) state: &'a str,
    rows: Vec<(Cell, Vec<Vec<Cell>>)>,
    /// How long it took.
    duration: Duration,
    /// How many steps it had.
    pub(crate) steps: usize,
}

impl<'a> Undisturbed<'a> {
    pub(crate) async fn of(server: &'a TestServer, sandbox: &'a Sandbox, state: &'a str) -> Self {
        let database = filled(server, state).await;
        let url = database.address().unwrap().to_string();
        let started = Instant::now();
        let ran = sandbox.run(&["upgrade", &url, "--json", "--to", server.head()]);
        let duration = started.elapsed();
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        let steps = steps_of(&ran);
        Self { server, sandbox, state, rows: rows(&*database), duration, steps }
    }

    /// The command, by an address of its own.
    pub(crate) fn upgrade(&self, address: &Address) -> Command {
        self.sandbox.command(&[
            "upgrade",
            &address.to_string(),
            "--json",
            "--to",
            self.server.head(),
        ])
    }

    /// Lets such an upgrade be killed, and runs the same command again.
    pub(crate) async fn compare(&self, when: &str, kill: impl FnOnce(&Address)) {
        let what = format!("{}: from {}, killed {when}", self.server.name(), self.state);
        let database = filled(self.server, self.state).await;
        let address = database.address().unwrap();
        let is_transaction = self.server.reference().platform().transactional_ddl;
        let before = is_transaction.then(|| database.contents());
        kill(address);
        wait_until_alone(self.server, address);
        if let Some(before) = before {
            let is_finished = || rows(&*database) == self.rows;
            assert!(database.contents() == before || is_finished(), "{what}");
        }
        let again = self.upgrade(address).output().unwrap();
        let told = String::from_utf8_lossy(&again.stdout).into_owned();
        assert!(again.status.success(), "{what}: {told}");
        assert_at(self.server, &*database, self.server.head()).await;
        assert!(rows(&*database) == self.rows, "{what}");
    }
}

/// How many steps an upgrade has had.
fn steps_of(ran: &Ran) -> usize {
    let planned = ran.json().into_iter().find(|event| event["event"] == "planned").unwrap();
    planned["step_count"].as_u64().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn on_servers() {
    let sandbox = Sandbox::new();
    for server in TestServer::given().unwrap_or_else(|problem| panic!("{problem}")) {
        for state in STATES {
            let undisturbed = Undisturbed::of(&server, &sandbox, state).await;
            for instant in instants(undisturbed.duration) {
                let kill =
                    |address: &Address| kill_after(instant, &mut undisturbed.upgrade(address));
                undisturbed.compare(&format!("after {instant:?}"), kill).await;
            }
            kills_at_steps::on_server(&undisturbed).await;
        }
    }
}

/// An upgrade of a file that nobody disturbs, to compare others with.
pub(crate) struct UndisturbedFile {
    pub(crate) state: &'static str,
    sandbox: Sandbox,
    duration: Duration,
    pub(crate) steps: usize,
}

impl UndisturbedFile {
    pub(crate) fn of(state: &'static str) -> Self {
        let sandbox = sqlite(state);
        let started = Instant::now();
        let ran = sandbox.run(&["upgrade", "mlruns.db", "--json"]);
        let duration = started.elapsed();
        assert_eq!(ran.code, 0, "{}", ran.stdout);
        let steps = steps_of(&ran);
        Self { state, sandbox, duration, steps }
    }

    /// Lets such an upgrade be killed, and runs the same command again.
    pub(crate) fn compare(&self, when: &str, kill: impl FnOnce(&mut Command)) {
        let what = format!("from {}, killed {when}", self.state);
        let sandbox = sqlite(self.state);
        let before = sandbox.files();
        kill(&mut sandbox.command(&["upgrade", "mlruns.db", "--json"]));
        // Whoever opens the file next takes back what was not finished.
        let check = |sandbox: &Sandbox| {
            let sql = "PRAGMA integrity_check";
            sandbox.connect().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap()
        };
        assert_eq!(check(&sandbox), "ok", "{what}");
        let is_finished = sandbox.run(&["current", "mlruns.db"]).stdout.starts_with(HEAD);
        // A journal that is not needed stays until somebody writes.
        let is_as_before = sandbox.files()["mlruns.db"] == before["mlruns.db"];
        assert!(is_as_before != is_finished, "{what}");
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0, "{what}");
        assert_eq!(sandbox.run(&["verify", "--deep", "mlruns.db"]).code, 0, "{what}");
        assert_eq!(newest(&sandbox), newest(&self.sandbox), "{what}");
    }
}

#[test]
fn on_sqlite() {
    for state in STATES {
        let undisturbed = UndisturbedFile::of(state);
        for instant in instants(undisturbed.duration) {
            let kill = |command: &mut Command| kill_after(instant, command);
            undisturbed.compare(&format!("after {instant:?}"), kill);
        }
        kills_at_steps::on_sqlite(&undisturbed);
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
