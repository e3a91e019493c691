//! PostgreSQL with standbys: one that is not there and that a COMMIT waits for, and one that is.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::private_server::{self, PrivateServer};
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::query;

use crate::sandbox::{Ran, Sandbox};

const OLD: &str = "7ac759974ad8";
const UNREACHABLE: i32 = 14;
const READ_ONLY: i32 = 17;

/// Which standbys a COMMIT waits for from now on.
fn name_standbys(server: &Address, names: &str) {
    query(server, &format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
    query(server, "SELECT pg_reload_conf()");
    let is_set = format!("SELECT 1 WHERE current_setting('synchronous_standby_names') = '{names}'");
    while query(server, &is_set).is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Waits until a standby has a database of its primary.
fn wait_for(standby: &Address, database: &str) {
    let found = format!("SELECT 1 FROM pg_database WHERE datname = '{database}'");
    for _ in 0..600 {
        if !query(standby, &found).is_empty() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the standby does not get {database}");
}

/// No COMMIT of a test waits when this goes: databases are dropped then.
struct Unnamed(Address);

impl Drop for Unnamed {
    fn drop(&mut self) {
        name_standbys(&self.0, "");
    }
}

/// A way to the server, at which the standby is missed from the moment of the COMMIT.
fn missing_from_the_commit(server: &Address) -> Proxy {
    let address = server.clone();
    Proxy::before(server, "COMMIT\0", 1, move || {
        name_standbys(&address, "absent");
        true
    })
}

fn run(arguments: &[&str]) -> Ran {
    Sandbox::new().run(arguments)
}

#[tokio::test]
async fn a_standby_that_is_not_there() {
    if !private_server::names().iter().any(|name| name == "postgres") {
        return;
    }
    let private = PrivateServer::start("postgres").unwrap();
    let (server, address) = (private.server(), private.server().address().clone());
    let databases = [server.at(OLD).await, server.at(OLD).await, server.at(OLD).await];
    let _unnamed = Unnamed(address.clone());
    let of = |number: usize| databases[number].address().unwrap().clone();

    // It is seen before anything is changed, unless the COMMIT is not to wait.
    name_standbys(&address, "FIRST 1 (absent, \"other one\")");
    let before = databases[0].contents();
    let doctor = run(&["doctor", &of(0).to_string()]);
    assert!(doctor.stdout.contains("synchronous_standby_names = 'FIRST 1 (absent"), "{doctor:?}");
    let refused = run(&["upgrade", &of(0).to_string(), "--retry-for", "0"]);
    assert_eq!(refused.code, UNREACHABLE, "{refused:?}");
    assert!(refused.stderr.contains("and 0 of these are connected"), "{refused:?}");
    assert!(databases[0].contents() == before);
    let local = of(0).with("options", "-csynchronous_commit=local").to_string();
    assert_eq!(run(&["upgrade", &local]).code, 0);
    // What only reads, and what has nothing to do, is not kept waiting.
    for command in ["check", "status", "verify", "upgrade"] {
        let ran = run(&[command, &of(0).to_string(), "--lock-timeout", "1"]);
        assert_eq!(ran.code, 0, "{command}: {ran:?}");
    }

    // It goes away when all is done but the COMMIT.
    for (number, signal) in [(1, true), (2, false)] {
        name_standbys(&address, "");
        let proxy = missing_from_the_commit(&address);
        let url = of(number).through_port(proxy.port()).to_string();
        let limit = if signal { "600" } else { "3" };
        let arguments = ["upgrade", &url, "--lock-timeout", limit];
        let started = Instant::now();
        let (code, told) = until_it_waits(&mut Sandbox::new().command(&arguments), signal);
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("(synchronous_standby_names = 'absent')"), "{told}");
        assert!(told.contains("a synchronous standby may not have confirmed it"), "{told}");
        assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
        name_standbys(&address, "");
        assert_at(server, &*databases[number], "head").await;
    }
}

/// What a command says whose COMMIT waits, and its exit code, after a signal or without one.
fn until_it_waits(command: &mut Command, is_signalled: bool) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains("waits for a synchronous standby") {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "{told}");
    }
    if is_signalled {
        let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }
    stderr.read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

#[tokio::test]
async fn a_standby_that_is_there() {
    if !private_server::names().iter().any(|name| name == "postgres") {
        return;
    }
    let primary = PrivateServer::start("postgres").unwrap();
    let standby = primary.start_standby().unwrap();
    let (server, address) = (primary.server(), primary.server().address().clone());
    let database = server.at(OLD).await;
    let at = database.address().unwrap().clone();
    let _unnamed = Unnamed(address.clone());
    // The server's command line sets it for everybody else.
    query(&address, "ALTER ROLE postgres SET synchronous_commit = remote_apply");
    name_standbys(&address, "standby");
    wait_for(standby.server().address(), &at.database);
    let on_standby = at.through_port(standby.server().address().port).to_string();

    // What only reads works there, and an upgrade does not begin.
    for (command, code) in
        [("current", 0), ("plan", 0), ("status", 0), ("check", 1), ("doctor", READ_ONLY)]
    {
        let ran = run(&[command, &on_standby]);
        assert_eq!(ran.code, code, "{command}: {ran:?}");
    }
    let estimate = run(&["estimate", &on_standby]);
    assert_eq!(estimate.code, 0, "{estimate:?}");
    assert!(estimate.stdout.contains("\nno time is predicted: "), "{estimate:?}");
    for command in ["upgrade", "abort"] {
        let refused = run(&[command, &on_standby]);
        assert_eq!(refused.code, READ_ONLY, "{refused:?}");
        assert!(refused.stderr.contains("is a standby"), "{refused:?}");
    }

    // Of several servers the one is found that can be written, and its COMMIT waits for the other.
    let hosts = format!(
        "postgresql://postgres@127.0.0.1:{},127.0.0.1:{}/{}?sslmode=disable&target_session_attrs=",
        standby.server().address().port,
        address.port,
        at.database
    );
    for attribute in ["standby", "read-only", "prefer-standby", "any"] {
        let ran = run(&["upgrade", &format!("{hosts}{attribute}"), "--retry-for", "0"]);
        assert_eq!(ran.code, READ_ONLY, "{attribute}: {ran:?}");
    }
    let started = Instant::now();
    let ran = run(&["upgrade", &format!("{hosts}read-write")]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    for attribute in ["primary", "prefer-standby", "any"] {
        let ran = run(&["check", &format!("{hosts}{attribute}")]);
        assert_eq!(ran.code, 0, "{attribute}: {ran:?}");
    }
    assert_at(server, &*database, "head").await;
}
