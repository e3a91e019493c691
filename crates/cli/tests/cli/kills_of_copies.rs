//! `kill -9` of copies at many instants, and the same command again.
//!
//! `MLFLOW_MIGRATE_KILLS` says at how many instants each copy is killed. With
//! `MLFLOW_MIGRATE_COPIED_DIRECTIONS=all` copies between servers are killed, too.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::json_schema::checked;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::kills::{instants, kill_after};
use crate::sandbox::Sandbox;

const STATE: &str = "7ac759974ad8";

/// Entries of each metric, so that a copy takes a while.
const STEPS: i64 = 8;

/// The table of the journal.
const NOTE: &str = "alembic_mlflow_migrate";

const UNFINISHED: i32 = 4;
const JOURNAL: i32 = 34;
const NOT_EMPTY: i32 = 35;

fn name(database: &dyn TestDatabase) -> String {
    match database.address() {
        Some(address) => address.to_string(),
        None => database.path().unwrap().display().to_string(),
    }
}

fn texts(rows: Vec<Vec<Cell>>) -> impl Iterator<Item = String> {
    rows.into_iter().flatten().filter_map(|cell| match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    })
}

/// The tables of a database; none of a file that does not exist.
fn tables(database: &dyn TestDatabase) -> Vec<String> {
    let sql = match database.address() {
        Some(address) if address.is_postgres() => {
            "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'"
        }
        Some(_) => "SHOW TABLES",
        None if !database.path().unwrap().exists() => return Vec::new(),
        None => "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    };
    let mut tables: Vec<String> = texts(database.query(sql)).collect();
    tables.sort();
    tables
}

/// All rows of all tables.
fn rows(database: &dyn TestDatabase) -> Vec<(String, Vec<Vec<Cell>>)> {
    let read = |table: String| {
        let mut rows = database.query(&format!("SELECT * FROM \"{table}\""));
        rows.sort();
        (table, rows)
    };
    tables(database).into_iter().map(read).collect()
}

/// A copy that nobody disturbs, to compare others with.
struct Undisturbed<'a> {
    what: String,
    sandbox: &'a Sandbox,
    source: &'a dyn TestDatabase,
    server: &'a TestServer,
    target: &'a str,
    rows: Vec<(String, Vec<Vec<Cell>>)>,
    duration: Duration,
}

impl<'a> Undisturbed<'a> {
    async fn of(
        sandbox: &'a Sandbox,
        (from, source): &'a (&TestServer, Box<dyn TestDatabase>),
        server: &'a TestServer,
        target: &'a str,
    ) -> Self {
        let what = format!("{} to {}, {target}", from.name(), server.name());
        let database = server.new_database();
        let mut copy = Self {
            what,
            sandbox,
            source: &**source,
            server,
            target,
            rows: Vec::new(),
            duration: Duration::ZERO,
        };
        let started = Instant::now();
        let ran = copy.command(&*database).output().unwrap();
        copy.duration = started.elapsed();
        let told = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{}: {told}", copy.what);
        assert_at(server, &*database, target).await;
        copy.rows = rows(&*database);
        copy
    }

    fn command(&self, database: &dyn TestDatabase) -> Command {
        let (source, destination) = (name(self.source), name(database));
        self.sandbox.command(&["copy", &source, &destination, "--to", self.target, "--json"])
    }

    /// Lets such a copy be killed, looks at what is left, and runs the same command again.
    async fn compare(&self, when: &str, aborts: bool, kill: impl FnOnce(&mut Command)) -> &str {
        let what = format!("{}, killed {when}", self.what);
        let (before, database) = (self.source.contents(), self.server.new_database());
        kill(&mut self.command(&*database));
        if let Some(address) = database.address() {
            wait_until_alone(self.server, address);
        }
        assert!(self.source.contents() == before, "{what}: the source has changed");
        let url = name(&*database);
        let is_there = database.path().is_none_or(std::path::Path::exists);
        let is_unfinished =
            is_there && self.sandbox.run(&["status", &url, "--json"]).code == UNFINISHED;
        let left = match is_unfinished {
            true => {
                self.refuses(&url, &what);
                let is_copying = self.sandbox.run(&["status", &url]).stdout.contains("copy");
                // An upgrade that follows a copy ends as any upgrade.
                if aborts && is_copying {
                    let aborted = self.sandbox.run(&["abort", &url]);
                    assert_eq!(aborted.code, 0, "{what}: {}{}", aborted.stdout, aborted.stderr);
                    let left = tables(&*database).into_iter();
                    assert!(left.eq(["alembic_version"]), "{what}");
                }
                "unfinished"
            }
            // A copy that has only begun leaves a journal without a note.
            false if tables(&*database).iter().all(|it| it.starts_with("alembic_")) => "empty",
            false => {
                let found = rows(&*database);
                let is_copied = self.target != STATE || found == self.rows;
                assert!(is_copied, "{what}: neither empty, nor unfinished, nor finished");
                "finished"
            }
        };
        // Rows that were upgraded cannot be compared with those of the source.
        let is_upgraded = self.target != STATE && is_there && rows(&*database) == self.rows;
        let again = self.command(&*database).output().unwrap();
        let told = String::from_utf8_lossy(&again.stdout);
        let code = if is_upgraded { NOT_EMPTY } else { 0 };
        assert_eq!(again.status.code(), Some(code), "{what}, {left}: {told}");
        assert_at(self.server, &*database, self.target).await;
        assert!(rows(&*database) == self.rows, "{what}, {left}: other rows");
        assert!(self.source.contents() == before, "{what}: the source has changed");
        left
    }

    /// Nothing takes an unfinished copy for a database.
    fn refuses(&self, url: &str, what: &str) {
        // An upgrade that follows a copy is finished by any upgrade.
        let commands = if self.target == STATE { &["upgrade", "check"][..] } else { &["check"] };
        for command in commands {
            let ran = self.sandbox.run(&[command, url]);
            assert_eq!(ran.code, JOURNAL, "{what}: {command}: {}{}", ran.stdout, ran.stderr);
            assert!(ran.stderr.contains("hint: "), "{what}: {}", ran.stderr);
        }
    }
}

async fn filled(server: &TestServer) -> Box<dyn TestDatabase> {
    let database = server.at(STATE).await;
    fill::metrics(&*database, STEPS);
    database
}

/// Each server with its filled database; SQLite is the first.
async fn sources(servers: &[TestServer]) -> Vec<(&TestServer, Box<dyn TestDatabase>)> {
    let mut sources = Vec::new();
    for server in servers {
        sources.push((server, filled(server).await));
    }
    sources
}

fn servers() -> Vec<TestServer> {
    let given = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    let once = given.into_iter().filter(|server| !server.is_another_charset());
    [TestServer::sqlite()].into_iter().chain(once).collect()
}

/// From a file to each server, and from each server to a file.
#[tokio::test]
async fn each_direction() {
    let (sandbox, servers) = (Sandbox::new(), servers());
    let sources = sources(&servers).await;
    let directions = std::env::var_os("MLFLOW_MIGRATE_COPIED_DIRECTIONS");
    let is_whole = directions.is_some_and(|directions| directions == "all");
    for (place, source) in sources.iter().enumerate() {
        for (number, server) in servers.iter().enumerate() {
            if !is_whole && place > 0 && number > 0 {
                continue;
            }
            let copy = Undisturbed::of(&sandbox, source, server, STATE).await;
            for (turn, instant) in instants(copy.duration).enumerate() {
                let kill = |command: &mut Command| kill_after(instant, command);
                copy.compare(&format!("after {instant:?}"), turn % 2 == 1, kill).await;
            }
        }
    }
}

/// Kills a command once it tells that a step of this kind has begun.
fn kill_at(kind: &str, command: &mut Command) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut begun = told.map(|line| checked(&line)).filter(|event| event["step_kind"] == kind);
    assert!(begun.next().is_some(), "there is no step {kind}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Kills a command once it tells that so many steps of the upgrade have begun.
fn kill_in_upgrade(steps: usize, command: &mut Command) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let events = told.map(|line| checked(&line));
    let of_upgrade = events.skip_while(|event| event["event"] != "planned");
    let mut begun = of_upgrade.filter(|event| event["event"] == "step_started");
    assert!(begun.nth(steps).is_some(), "the upgrade has fewer steps");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The copy is done, and the upgrade of it is not.
#[tokio::test]
async fn of_the_upgrade_that_follows() {
    let (sandbox, servers) = (Sandbox::new(), servers());
    let source = (&servers[0], filled(&servers[0]).await);
    for server in &servers[1..] {
        let copy = Undisturbed::of(&sandbox, &source, server, server.head()).await;
        for steps in [0, 12] {
            let kill = |command: &mut Command| kill_in_upgrade(steps, command);
            copy.compare(&format!("at step {steps} of the upgrade"), false, kill).await;
        }
        if std::env::var_os("MLFLOW_MIGRATE_KILLS").is_some() {
            for instant in instants(copy.duration) {
                let kill = |command: &mut Command| kill_after(instant, command);
                copy.compare(&format!("after {instant:?}"), false, kill).await;
            }
        }
    }
}

/// A copy that ends between its version and its note has left both: MLflow may work with it.
#[tokio::test]
async fn a_note_beside_a_finished_copy_is_nothing_to_roll_back() {
    let (sandbox, servers) = (Sandbox::new(), servers());
    let source = (&servers[0], filled(&servers[0]).await);
    for server in servers.iter().filter(|server| server.dialect() == Dialect::Mysql) {
        let copy = Undisturbed::of(&sandbox, &source, server, STATE).await;
        let database = server.new_database();
        let kill = |command: &mut Command| kill_at("copy_rows", command);
        kill(&mut copy.command(&*database));
        wait_until_alone(server, database.address().unwrap());
        database.run(&format!("CREATE TABLE kept AS SELECT * FROM {NOTE}"));
        assert!(copy.command(&*database).output().unwrap().status.success());
        database.run(&format!("RENAME TABLE kept TO {NOTE}"));
        let url = name(&*database);
        for (command, code) in [("status", 0), ("check", 1), ("abort", JOURNAL)] {
            let ran = sandbox.run(&[command, &url]);
            assert_eq!(ran.code, code, "{command}: {}{}", ran.stdout, ran.stderr);
        }
        assert!(copy.command(&*database).output().unwrap().status.success());
        assert_at(server, &*database, STATE).await;
        assert!(rows(&*database) == copy.rows, "{}", copy.what);
    }
}
