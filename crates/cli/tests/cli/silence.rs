//! Servers that let us in, and then do not answer, or do not end to.

use std::process::Command;
use std::time::{Duration, Instant};

use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::TestDatabase;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::wait;

use crate::sandbox::{Ran, Sandbox};

/// The exit code of a server that cannot be reached.
const UNREACHABLE: i32 = 14;

const OLD: &str = "7ac759974ad8";
const TARGET: &str = "89d4b8295536";

/// Each kind of server once.
fn servers() -> Vec<TestServer> {
    let mut servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    servers.retain(|server| !server.name().contains("5.6"));
    servers.dedup_by_key(|server| server.address().port);
    servers
}

/// Runs a command through a proxy, with little patience.
fn through(proxy: &Proxy, database: &dyn TestDatabase, arguments: &[&str]) -> Ran {
    let url = database.address().unwrap().through_port(proxy.port()).to_string();
    let patience = ["--answer-timeout", "1", "--lock-timeout", "1"];
    Sandbox::new().run(&[&arguments[..1], &[&url], &arguments[1..], &patience].concat())
}

/// What a question about the catalogue holds: whether there is a version, which tables there are.
fn questions(server: &TestServer) -> [&'static str; 2] {
    if server.is_postgres() {
        ["'alembic_version'", "pg_index"]
    } else {
        ["alembic_version", "information_schema.COLUMNS"]
    }
}

fn is_not_waited_for(
    server: &TestServer,
    database: &dyn TestDatabase,
    text: &str,
    command: &[&str],
) {
    let proxy = Proxy::silent_at(database.address().unwrap(), text, 1);
    let began = Instant::now();
    let ran = through(&proxy, database, command);
    let told = &ran.stderr;
    assert_eq!(ran.code, UNREACHABLE, "{}, {text}, {command:?}: {told}", server.name());
    for expected in
        ["no answer within 2 s", &format!(":{}", proxy.port()), "the database is unchanged"]
    {
        assert!(told.contains(expected), "{}, {text}, {command:?}: {told}", server.name());
    }
    assert!(!told.contains("trying again"), "{told}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn a_server_that_does_not_answer_is_not_waited_for() {
    let meet = |server: &TestServer| {
        let database = wait(server.at(OLD));
        let (database, [first, later]) = (&*database, questions(server));
        std::thread::scope(|scope| {
            for text in [first, later] {
                for command in ["current", "doctor", "plan"] {
                    scope.spawn(move || is_not_waited_for(server, database, text, &[command]));
                }
            }
        });
        for text in [first, later] {
            is_not_waited_for(server, database, text, &["upgrade", "--retry-for", "30"]);
        }
        wait(assert_at(server, database, OLD));
    };
    std::thread::scope(|scope| {
        for server in servers() {
            scope.spawn(move || meet(&server));
        }
    });
}

/// Where each step commits by itself, what is done is noted.
#[tokio::test]
async fn a_server_that_falls_silent_after_the_change() {
    for server in servers() {
        let database = server.at(OLD).await;
        let (text, time) = match server.is_postgres() {
            true => ("pg_index", 2),
            false => ("information_schema.COLUMNS", 3),
        };
        let proxy = Proxy::silent_at(database.address().unwrap(), text, time);
        let ran = through(&proxy, &*database, &["upgrade", "--to", TARGET]);
        assert_eq!(ran.code, UNREACHABLE, "{}: {}", server.name(), ran.stderr);
        let state = if server.is_mysql() {
            "progress is saved in the database"
        } else {
            "the database is unchanged"
        };
        assert!(ran.stderr.contains(state), "{}: {}", server.name(), ran.stderr);
        if server.is_postgres() {
            assert_at(&server, &*database, OLD).await;
        }
        let url = database.address().unwrap().to_string();
        let ran = Sandbox::new().run(&["upgrade", &url, "--to", TARGET]);
        assert_eq!(ran.code, 0, "{}: {}", server.name(), ran.stderr);
        assert_at(&server, &*database, TARGET).await;
    }
}

/// Rows without end take neither memory nor time without end.
#[tokio::test]
async fn an_answer_without_end_is_not_read_on() {
    for server in servers() {
        let database = server.at(OLD).await;
        let text = if server.is_postgres() { "set_config(s.name" } else { "LEFT(version_num" };
        let address = database.address().unwrap();
        let proxy = Proxy::endless_at(address, text, 1);
        let url = address.through_port(proxy.port()).to_string();
        let mut limited = Command::new("prlimit");
        limited.args(["--as=1500000000", "--", env!("CARGO_BIN_EXE_mlflow-migrate")]);
        // A busy machine is slow to send so much, and the size shall decide.
        let patient = ["current", &url, "--answer-timeout", "10min"];
        let output = limited.args(patient).output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(UNREACHABLE), "{}: {told}", server.name());
        assert!(told.contains("without end"), "{told}");
    }
}

/// More rows, and longer ones, than a list of revisions has.
#[test]
fn a_version_table_without_end() {
    /// The exit code of what is no version of MLflow's.
    const WRONG_VERSION: i32 = 20;
    let meet = |server: &TestServer| {
        let database = wait(server.at(OLD));
        database.run("DROP TABLE alembic_version");
        database.run("CREATE TABLE alembic_version (version_num TEXT NOT NULL)");
        database.run("INSERT INTO alembic_version VALUES (REPEAT('x', 60000))");
        let url = database.address().unwrap().to_string();
        let told = |expected: &str| {
            let ran = Sandbox::new().run(&["upgrade", &url]);
            assert_eq!(ran.code, WRONG_VERSION, "{}: {}", server.name(), ran.stderr);
            let is_short = ran.stderr.len() < 2000;
            assert!(is_short && ran.stderr.contains(expected), "{}: {}", server.name(), ran.stderr);
        };
        told("xxx");
        database.run("UPDATE alembic_version SET version_num = 'x'");
        for _ in 0..17 {
            database.run("INSERT INTO alembic_version SELECT version_num FROM alembic_version");
        }
        told("alembic_version holds more than 100,000 rows");
    };
    std::thread::scope(|scope| {
        for server in servers() {
            scope.spawn(move || meet(&server));
        }
    });
}
