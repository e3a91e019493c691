//! The built binary against real servers: every command, and memory that does not grow with rows.
//!
//! The servers are those of `MLFLOW_MIGRATE_TEST_URLS`; `none` leaves them out, and without it these
//! tests fail, with the command that starts some.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::time::Duration;

use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{TestDatabase, Waits};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::unique::next_user;

use crate::kills_at_steps::{End, kill_when_told};
use crate::memory::{LIMIT_KIB, run_watched};
use crate::oracle;
use crate::sandbox::{HEAD, Ran, Sandbox};
use crate::signals::stopped_by;

const STEPS: i64 = 400;
const SECOND: Duration = Duration::from_secs(1);

fn servers() -> Vec<TestServer> {
    TestServer::given().unwrap_or_else(|problem| panic!("{problem}"))
}

/// Each server in its first character set: on the others the program does nothing else.
pub(crate) fn servers_once() -> impl Iterator<Item = TestServer> {
    servers().into_iter().filter(|server| !server.is_another_charset())
}

pub(crate) fn url(database: &dyn TestDatabase) -> String {
    database.address().unwrap().to_string()
}

fn head(server: &TestServer) -> &'static str {
    if server.head() == "head" { HEAD } else { server.head() }
}

#[test]
fn every_command_on_every_server() {
    let sandbox = Sandbox::new();
    for server in servers_once() {
        let database = server.new_database();
        let url = url(&*database);
        let run = |arguments: &[&str]| -> Ran {
            let ran = sandbox.run(&[arguments, &[url.as_str()]].concat());
            assert!(!ran.stderr.contains("error"), "{}: {}", server.name(), ran.stderr);
            ran
        };
        let target = head(&server);
        assert_eq!(run(&["upgrade", "--to", "7ac759974ad8"]).code, 0);
        assert_eq!(run(&["check"]).code, 1);
        assert!(run(&["plan", "--sql", "--to", target]).stdout.contains("latest_metrics"));
        assert!(run(&["estimate", "--to", target]).stdout.contains("metrics"));
        assert!(run(&["current"]).stdout.contains("7ac759974ad8"));
        // A run validates its lines.
        for command in ["plan", "estimate", "doctor"] {
            let lines = run(&[command, "--json", "--to", target]).json();
            assert_eq!(lines[0]["event"], command, "{}", server.name());
        }
        for command in ["check", "current", "verify", "status", "diff"] {
            let lines = run(&[command, "--json"]).json();
            assert_eq!(lines[0]["event"], command, "{}", server.name());
        }
        prepared(target, &run);
        assert_eq!(run(&["upgrade", "--to", target]).code, 0);
        assert_eq!(run(&["check"]).code, i32::from(target != HEAD));
        assert!(run(&["history"]).stdout.contains(target));
        assert_eq!(run(&["repair", "--dry-run", "--json"]).json()[0]["is_dry_run"], true);
        let json = run(&["upgrade", "--json", "--to", target]).json();
        assert_eq!(json.last().unwrap()["to"], target, "{}", server.name());
    }
}

/// Prepares an upgrade from MLflow 2.22, takes that back, and prepares it again.
fn prepared(target: &str, run: &dyn Fn(&[&str]) -> Ran) {
    const INDEX: &str = "index_metrics_run_uuid_key_step of metrics";
    let is_due = target == HEAD;
    assert_eq!(run(&["upgrade", "--to", "0584bdc529eb"]).code, 0);
    let planned = run(&["plan", "--to", target]).stdout;
    assert_eq!(planned.contains(INDEX), is_due, "{planned}");
    let built = run(&["prepare", "--to", target]).stdout;
    assert_eq!(built.contains(&format!("built {INDEX}")), is_due, "{built}");
    let again = run(&["prepare", "--to", target]).stdout;
    assert_eq!(again.contains(&format!("{INDEX} was there")), is_due, "{again}");
    assert_eq!(run(&["check"]).code, 1);
    let undone = run(&["prepare", "--undo", "--to", target, "--json"]).json();
    let undone = undone.last().unwrap();
    assert_eq!((&undone["event"], &undone["is_undone"]), (&"prepare".into(), &true.into()));
    assert!(run(&["prepare", "--undo", "--to", target]).stdout.contains("dropped 0 indexes"));
    assert_eq!(run(&["prepare", "--to", target]).code, 0);
}

/// A user who may read a database, and create no temporary tables there.
struct Reader {
    name: String,
    administrator: Address,
}

impl Reader {
    const PASSWORD: &'static str = "only-reads";

    fn new(server: &TestServer) -> Self {
        let (name, administrator) = (next_user(), server.address().clone());
        let created = if server.is_postgres() {
            format!("CREATE ROLE {name} LOGIN PASSWORD '{}'", Self::PASSWORD)
        } else {
            format!("CREATE USER {name}@'%' IDENTIFIED BY '{}'", Self::PASSWORD)
        };
        query(&administrator, &created);
        Self { name, administrator }
    }

    /// Returns the URL of a database that this user may read from now on.
    fn of(&self, database: &dyn TestDatabase) -> String {
        let (address, name) = (database.address().unwrap(), &self.name);
        if address.is_postgres() {
            database.run(&format!("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"));
            database.run(&format!("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC", address.database));
        } else {
            let grant = format!("GRANT SELECT ON {}.* TO {name}@'%'", address.database);
            query(&self.administrator, &grant);
        }
        address.clone().as_user(name, Some(Self::PASSWORD)).to_string()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let host = if self.administrator.is_postgres() { "" } else { "@'%'" };
        query(&self.administrator, &format!("DROP USER {}{host}", self.name));
    }
}

#[tokio::test]
async fn an_estimate_without_temporary_tables() {
    let sandbox = Sandbox::new();
    for server in servers_once() {
        // The user has rights in the database, so the database goes first.
        let reader = Reader::new(&server);
        let database = server.at("7ac759974ad8").await;
        fill::metrics(&*database, 1);
        let url = reader.of(&*database);
        let ran = sandbox.run(&["estimate", &url, "--to", head(&server)]);
        assert_eq!(ran.code, 0, "{}: {}", server.name(), ran.stderr);
        assert!(ran.stdout.contains("\nno time is predicted: "), "{}", ran.stdout);
        assert!(ran.stdout.contains("reads 1,000 rows"), "{}", ran.stdout);
        let json = sandbox.run(&["estimate", "--json", &url, "--to", head(&server)]).json();
        assert_eq!(json[0]["calibration"]["outcome"], "impossible", "{json:?}");
        assert!(json[0]["seconds"].is_null() && json[0]["flush"].is_null(), "{json:?}");
        drop(database);
    }
}

#[test]
fn a_backup_of_a_server_is_for_the_servers_own_tools() {
    const UNSUPPORTED: i32 = 11;
    let sandbox = Sandbox::new();
    for server in servers() {
        let url = url(&*server.new_database());
        for option in ["--backup", "--into=copy.db"] {
            let ran = sandbox.run(&["upgrade", &url, option]);
            assert_eq!(ran.code, UNSUPPORTED, "{}", ran.stderr);
            assert!(ran.stderr.contains("dump"), "{}", ran.stderr);
        }
    }
}

#[tokio::test]
async fn hundreds_of_thousands_of_metric_rows_on_every_server() {
    let sandbox = Sandbox::new();
    for server in servers_once() {
        let database = server.at("7ac759974ad8").await;
        fill::metrics(&*database, STEPS);
        let arguments = ["upgrade", &url(&*database), "--quiet", "--to", head(&server)];
        let (status, peak) = run_watched(&mut sandbox.command(&arguments));
        assert!(status.success(), "{}", server.name());
        let pairs = database.query("SELECT count(*) FROM latest_metrics WHERE step = 399");
        assert_eq!(pairs, [[fill::ROWS_OF_A_STEP.into()]], "{}", server.name());
        assert!(peak > 4 * 1024, "{}: the peak of {peak} KiB was not seen", server.name());
        assert!(peak < LIMIT_KIB, "{}: {peak} KiB", server.name());
    }
}

#[tokio::test]
async fn the_same_command_goes_on_after_a_signal() {
    let sandbox = Sandbox::new();
    for server in servers_once() {
        let database = server.at("7ac759974ad8").await;
        fill::metrics(&*database, 300);
        let before = database.contents();
        let arguments = ["upgrade", &url(&*database), "--to", head(&server), "-v"];
        let (code, told) = stopped_by("-INT", &mut sandbox.command(&arguments));
        assert_eq!(code, Some(130), "{}: {told}", server.name());
        if server.reference().platform().transactional_ddl {
            assert!(database.contents() == before, "{}: {told}", server.name());
        } else {
            let hint = "hint: progress is saved in the database: run the same command to resume it";
            assert!(told.contains(hint), "{}: {told}", server.name());
            let status = sandbox.run(&["status", arguments[1]]);
            assert_eq!(status.code, 4, "{}: {status:?}", server.name());
            let status = status.stdout;
            assert!(status.contains("is unfinished") && status.contains("  next: "), "{status}");
            assert_unfinished_is_told(&sandbox, arguments[1], arguments[3]);
        }
        assert_eq!(sandbox.run(&arguments).code, 0, "{}", server.name());
        let status = sandbox.run(&["status", arguments[1]]).stdout;
        assert!(status.contains("no upgrade is in progress"), "{status}");
        let verified = sandbox.run(&["verify", "--deep", arguments[1]]);
        assert_eq!(verified.code, 0, "{}: {}", server.name(), verified.stdout);
        let pairs = database.query("SELECT count(*) FROM latest_metrics WHERE step = 299");
        assert_eq!(pairs, [[fill::ROWS_OF_A_STEP.into()]], "{}", server.name());
    }
}

/// Killed at its first step, an upgrade has lost nothing yet.
#[tokio::test]
async fn an_abort_is_told_in_json() {
    let sandbox = Sandbox::new();
    for server in servers_once() {
        if server.reference().platform().transactional_ddl {
            continue;
        }
        let database = server.at("7ac759974ad8").await;
        let url = url(&*database);
        let arguments = ["upgrade", "--json", &url, "--to", head(&server)];
        kill_when_told(1, End::Begins, &mut sandbox.command(&arguments));
        let json = sandbox.run(&["abort", "--json", &url]).json();
        let last = json.last().unwrap();
        assert_eq!((&last["event"], &last["operation"]), (&"abort".into(), &"upgrade".into()));
        assert_eq!(last["from"], "7ac759974ad8", "{last}");
    }
}

/// Somebody who is at work is named.
#[tokio::test]
async fn a_running_upgrade_is_no_interrupted_one() {
    const RUNNING: i32 = 3;
    let sandbox = Sandbox::new();
    for server in servers_once() {
        let database = server.at("7ac759974ad8").await;
        let url = url(&*database);
        let mut upgrader = database.connect().await.unwrap();
        upgrader.begin(SessionMode::Upgrade).await.unwrap();
        let running = sandbox.run(&["status", &url]);
        assert_eq!(running.code, RUNNING, "{}: {running:?}", server.name());
        assert!(running.stdout.contains("an upgrade is running\n  by:    "), "{}", running.stdout);
        let json = sandbox.run(&["status", "--json", &url]).json();
        assert_eq!(json[0]["upgraders"].as_array().map(Vec::len), Some(1), "{json:?}");
        upgrader.rollback().await.unwrap();
        drop(upgrader);
        let over = sandbox.run(&["status", &url]);
        assert_eq!(over.code, 0, "{}: {over:?}", server.name());
        assert_eq!(sandbox.run(&["status", "--json", &url]).json()[0]["status"], "settled");
    }
}

/// Every command says where the upgrade began, where it goes, and how to finish it.
#[track_caller]
fn assert_unfinished_is_told(sandbox: &Sandbox, url: &str, target: &str) {
    const UNFINISHED: i32 = 34;
    let finish = format!("finish it with `mlflow-migrate upgrade --to {target}`");
    for command in ["current", "history"] {
        let ran = sandbox.run(&[command, url]);
        assert_eq!(ran.code, 0, "{command}: {}", ran.stderr);
        let way = format!("an upgrade from 7ac759974ad8 to {target} is unfinished");
        assert!(ran.stdout.contains(&way) && ran.stdout.contains(&finish), "{}", ran.stdout);
    }
    let json = sandbox.run(&["current", "--json", url]).json();
    assert_eq!(json[0]["unfinished"]["from"], "7ac759974ad8", "{json:?}");
    let json = sandbox.run(&["history", "--json", url]).json();
    assert!(json[0]["unfinished"]["steps_done"].is_number(), "{json:?}");
    let json = sandbox.run(&["status", "--json", url]).json();
    assert_eq!(json[0]["status"], "unfinished", "{json:?}");
    for command in ["check", "plan", "verify", "estimate"] {
        let ran = sandbox.run(&[command, url]);
        assert_eq!(ran.code, UNFINISHED, "{command}: {}", ran.stdout);
        let way = format!("an upgrade from 7ac759974ad8 to {target} is unfinished: ");
        assert!(ran.stderr.contains(&way) && ran.stderr.contains(&finish), "{}", ran.stderr);
    }
}

/// Filled databases, upgraded by either program on the same server: schema and rows.
#[test]
fn schema_and_rows_are_those_of_mlflow_on_every_server() {
    let Some(python) = oracle::python() else { return };
    let servers = servers();
    // Each mostly waits for its server.
    std::thread::scope(|scope| {
        for server in &servers {
            scope.spawn(|| compare_with_mlflow(&python, server));
        }
    });
}

fn compare_with_mlflow(python: &OsStr, server: &TestServer) {
    let mut command = Command::new(python);
    command.arg(oracle::script("differential.py"));
    command.args(["--binary", env!("CARGO_BIN_EXE_mlflow-migrate")]);
    command.args(["--server", &server.address().to_string()]);
    // In another character set what moves rows is tried.
    let few = server.is_another_charset().then_some("--from=7ac759974ad8,b7e2c1a4d9f3");
    let cases = if few.is_some() { 3 } else { 5 };
    command.args(oracle::all_states().or(few));
    // MySQL 5.6 has room for MLflow's keys in latin1 only, so there MLflow gets latin1 too.
    if server.charset() == Some("latin1") && server.head() == "head" {
        command.args(["--charset", "latin1"]);
    }
    let told = oracle::run(&mut command);
    let passed = told.lines().filter(|line| line.starts_with("passed ")).count();
    assert!(passed >= cases && told.trim_end().ends_with(" passed, 0 failed"), "{told}");
}

/// Filled databases go to a newer revision, and back: schema and rows are as before.
#[test]
fn rows_survive_the_way_there_and_back_on_every_server() {
    let Some(python) = oracle::python() else { return };
    let servers: Vec<TestServer> =
        servers_once().filter(|server| server.head() == "head").collect();
    std::thread::scope(|scope| {
        for server in &servers {
            scope.spawn(|| {
                let url = server.address().without_parameters().to_string();
                let told = oracle::there_and_back(&python, &["--server", &url]);
                assert!(told.matches("passed ").count() >= 4, "{}: {told}", server.name());
            });
        }
    });
}

/// MLflow's tracking store and model registry read and write the upgraded databases.
#[tokio::test]
async fn mlflow_works_on_every_server() {
    let Some(python) = oracle::python() else { return };
    let sandbox = Sandbox::new();
    for server in servers_once().filter(|server| server.head() == "head") {
        let database = server.at("7ac759974ad8").await;
        fill::metrics(&*database, 1);
        assert_eq!(sandbox.run(&["upgrade", &url(&*database)]).code, 0);
        // Its drivers do not take the parameters of each other.
        let url = database.address().unwrap().without_parameters().to_string();
        let told = oracle::run(Command::new(&python).arg(oracle::script("open_store.py")).arg(url));
        assert_eq!(told.matches("ok ").count(), 1, "{}: {told}", server.name());
    }
}

#[tokio::test]
async fn a_watch_ends_with_the_upgrade() {
    let sandbox = Sandbox::new();
    for server in servers_once() {
        let database = server.at("7ac759974ad8").await;
        let waits = Waits { table: SECOND, upgrader: SECOND };
        let mut upgrade = open(database.address().unwrap(), waits).await.unwrap();
        upgrade.begin(SessionMode::Upgrade).await.unwrap();
        let url = url(&*database);
        assert_eq!(sandbox.run(&["status", &url]).code, 3, "{}", server.name());
        let mut command = sandbox.command(&["status", "--watch", "--json", &url]);
        let watch = command.stdout(Stdio::piped()).spawn().unwrap();
        tokio::time::sleep(SECOND).await;
        upgrade.rollback().await.unwrap();
        let watched = Ran::from(watch.wait_with_output().unwrap());
        assert_eq!(watched.code, 0, "{}: {}", server.name(), watched.stdout);
        let upgraders = |line: &serde_json::Value| line["upgraders"].as_array().unwrap().len();
        let seen: Vec<usize> = watched.json().iter().map(upgraders).collect();
        assert_eq!(seen, [1, 0], "{}", server.name());
    }
}
