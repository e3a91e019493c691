//! What passes by itself is waited for, and then the upgrade is tried again.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::other_session::OtherSession;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::wait;

use crate::sandbox::{Ran, Sandbox};

/// The exit code of a lost connection.
const LOST: i32 = 33;

/// So far that latest metrics are computed, and a few tables are made after them.
const TARGET: &str = "2b4d017a5e9b";

/// So far that `params` are changed after the latest metrics are computed.
const AFTER_PARAMS: &str = "cc1f77228345";

/// Each server once.
fn servers() -> Vec<TestServer> {
    let mut servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    servers.dedup_by_key(|server| server.address().port);
    servers
}

async fn old(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 1);
    database
}

fn address(database: &dyn TestDatabase) -> Address {
    database.address().unwrap().clone()
}

/// The upgrade of a database through a proxy.
fn through(proxy: &Proxy, database: &dyn TestDatabase, more: &[&str]) -> Ran {
    let url = address(database).through_port(proxy.port()).to_string();
    Sandbox::new().run(&[&["upgrade", &url, "--to", TARGET], more].concat())
}

/// Reads what a command says until it waits.
fn read_until_it_waits(child: &mut Child) -> BufReader<ChildStderr> {
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("trying again in") {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "{told}");
    }
    stderr
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// A port at which nobody listens.
fn unused_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[tokio::test]
async fn a_server_that_is_not_up_yet() {
    let sandbox = Sandbox::new();
    for server in servers() {
        let database = old(&server).await;
        let (address, port) = (address(&*database), unused_port());
        let url = address.through_port(port).to_string();
        let mut child = start(&mut sandbox.command(&["upgrade", &url, "--to", TARGET]));
        let mut stderr = read_until_it_waits(&mut child);
        let _proxy = Proxy::on_port(&address, port);
        let mut told = String::new();
        stderr.read_to_string(&mut told).unwrap();
        assert!(child.wait().unwrap().success(), "{}: {told}", server.name());
        let advice = "(waiting for 30s in all; `--retry-for 0` does not wait)";
        assert_eq!(told.matches(advice).count(), 1, "{told}");
        assert_at(&server, &*database, TARGET).await;
    }
}

#[tokio::test]
async fn a_connection_that_is_lost_once() {
    for server in servers() {
        // Before anything is done, and half-way.
        let lock = if server.is_postgres() { "advisory_xact_lock" } else { "GET_LOCK" };
        for text in [lock, "INSERT INTO latest_metrics"] {
            let database = old(&server).await;
            let proxy = Proxy::cut_once_at(&address(&*database), text);
            let ran = through(&proxy, &*database, &[]);
            assert_eq!(ran.code, 0, "{}: {}", server.name(), ran.stderr);
            assert_eq!(ran.stderr.matches("trying again in").count(), 1, "{}", ran.stderr);
            assert_at(&server, &*database, TARGET).await;
            let pairs = database.query("SELECT count(*) FROM latest_metrics");
            assert_eq!(pairs, [[fill::ROWS_OF_A_STEP.into()]], "{}", server.name());
        }
    }
}

/// The server takes the upgrade back, and lets somebody else go on; then there is nobody in its way.
#[test]
fn a_deadlock() {
    let meet = |server: &TestServer| {
        let database = wait(old(server));
        let address = address(&*database);
        let other = address.clone();
        let begin = move || {
            let _ = OtherSession::that_deadlocks(&other);
            true
        };
        let proxy = Proxy::before(&address, "INSERT INTO latest_metrics", 1, begin);
        let url = address.through_port(proxy.port()).to_string();
        // One job: of several, the first one may be about to insert nothing.
        let arguments = ["upgrade", &url, "--to", AFTER_PARAMS, "--jobs", "1"];
        let ran = Sandbox::new().run(&arguments);
        assert_eq!(ran.code, 0, "{}: {}", server.name(), ran.stderr);
        let told = ran.stderr.lines().filter(|line| line.contains("trying again in"));
        let told: Vec<String> = told.map(str::to_lowercase).collect();
        let is_told = matches!(&told[..], [one] if one.contains("deadlock"));
        assert!(is_told, "{}: {}", server.name(), ran.stderr);
        wait(assert_at(server, &*database, AFTER_PARAMS));
        let pairs = database.query("SELECT count(*) FROM latest_metrics");
        assert_eq!(pairs, [[fill::ROWS_OF_A_STEP.into()]], "{}", server.name());
    };
    // Each mostly waits for its server.
    let servers = servers();
    std::thread::scope(|scope| {
        for server in &servers {
            scope.spawn(|| meet(server));
        }
    });
}

/// Nobody has heard whether the upgrade is done; the next attempt finds that it is.
#[tokio::test]
async fn an_answer_that_is_lost() {
    for server in servers() {
        // The whole of a message, or READ COMMITTED would be another.
        let text = if server.is_postgres() { "COMMIT\0" } else { "DO RELEASE_LOCK" };
        for (patience, code) in [("30", 0), ("0", LOST)] {
            let database = old(&server).await;
            let proxy = Proxy::cut_once_after(&address(&*database), text);
            let ran = through(&proxy, &*database, &["--retry-for", patience]);
            assert_eq!(ran.code, code, "{}: {}", server.name(), ran.stderr);
            assert!(ran.stderr.contains("may or may not be committed"), "{}", ran.stderr);
            assert!(
                code == 0 || ran.stderr.contains("it checks whether the upgrade was committed"),
                "{}",
                ran.stderr
            );
            wait_until_at_target(&*database).await;
            assert_at(&server, &*database, TARGET).await;
        }
    }
}

/// Waits until the server has done a COMMIT that it got from a connection which is gone.
///
/// The program may end before the server has read the statement.
async fn wait_until_at_target(database: &dyn TestDatabase) {
    let began = Instant::now();
    let version = || database.query("SELECT version_num FROM alembic_version");
    while version() != [[TARGET.into()]] && began.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The error tells the step. Where the database is may not be where it was, so that `+N` is not repeated.
#[tokio::test]
async fn what_is_not_tried_again() {
    for server in servers() {
        for arguments in [&["--retry-for", "0", "--to", TARGET][..], &["--to", "+1"]] {
            let database = old(&server).await;
            let proxy = Proxy::cut_once_at(&address(&*database), "INSERT INTO latest_metrics");
            let url = address(&*database).through_port(proxy.port()).to_string();
            let ran = Sandbox::new().run(&[&["upgrade", &url], arguments].concat());
            assert_eq!(ran.code, LOST, "{}: {}", server.name(), ran.stderr);
            assert!(ran.stderr.contains("latest_metrics"), "{}", ran.stderr);
            assert!(!ran.stderr.contains("trying again"), "{}", ran.stderr);
        }
    }
}

/// A server that does not come back: before the upgrade began, and on its way.
#[tokio::test]
async fn a_signal_ends_the_wait() {
    let sandbox = Sandbox::new();
    let stop = |url: &str| {
        let arguments = ["upgrade", url, "--to", TARGET, "--retry-for", "3600"];
        let mut child = start(&mut sandbox.command(&arguments));
        let mut stderr = read_until_it_waits(&mut child);
        let sent = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let mut told = String::new();
        stderr.read_to_string(&mut told).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(143), "{told}");
        told
    };
    for server in servers() {
        let database = old(&server).await;
        let address = address(&*database);
        stop(&address.through_port(unused_port()).to_string());
        let proxy = Proxy::cut_at(&address, "INSERT INTO latest_metrics", 1);
        let told = stop(&address.through_port(proxy.port()).to_string());
        let is_noted = told.contains("run the same command to resume it");
        assert_eq!(is_noted, server.is_mysql(), "{}: {told}", server.name());
    }
}
