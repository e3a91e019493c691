//! Copies between every two kinds of databases: all rows arrive, the schema is MLflow's, and MLflow
//! works on the result.
//!
//! The rows are those of `tests/oracle/fill`, and `tests/oracle/copied_rows.py` compares them.

use std::io::Write;
use std::process::{Command, Stdio};

use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use serde_json::{Value, json};

use crate::oracle;
use crate::sandbox::{HEAD, Sandbox};

/// Before the model registry, and after it.
const EARLY: [&str; 4] = ["base", "451aebb31d03", "7ac759974ad8", "89d4b8295536"];
const LATE: [&str; 2] = ["2d6e25af4d3e", "b7e2c1a4d9f3"];
const LAST: [&str; 2] = ["75868b020152", HEAD];

/// From a file on: each kind of database is the source of a copy to each kind.
///
/// MariaDB comes first, since the fewest rows fit there: it ignores spaces at the end of keys.
const WAY: [Server; 9] = [
    Server::Mariadb,
    Server::Sqlite,
    Server::Sqlite,
    Server::Postgres,
    Server::Postgres,
    Server::Mysql,
    Server::Mariadb,
    Server::Postgres,
    Server::Sqlite,
];

const SEED: &str = "7";

/// The servers of a way; `None` if one of them is not given.
fn servers() -> Option<Vec<TestServer>> {
    let mut servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    servers.retain(|server| !server.is_another_charset());
    servers.push(TestServer::sqlite());
    let is_given = |kind: &Server| servers.iter().any(|server| server.reference() == *kind);
    WAY.iter().all(is_given).then_some(servers)
}

/// The name of a database, as this program and SQLAlchemy take it.
fn name(database: &dyn TestDatabase) -> String {
    match database.address() {
        Some(address) => address.without_parameters().to_string(),
        None => database.path().unwrap().display().to_string(),
    }
}

/// Copies, and returns the number of rows by table that were left out.
fn copied(sandbox: &Sandbox, from: &str, to: &str, options: &[&str]) -> Value {
    let ran = sandbox.run(&[&["copy", from, to, "--json"], options].concat());
    assert_eq!(ran.code, 0, "{from} to {to}: {}{}", ran.stdout, ran.stderr);
    let lines = ran.json();
    let result = lines.last().unwrap();
    assert_eq!(result["event"], "copy");
    let tables = result["copied_tables"].as_array().unwrap().iter();
    let skipped = tables.filter(|table| table["skipped_row_count"] != 0);
    skipped
        .map(|it| (it["table"].as_str().unwrap().to_owned(), it["skipped_row_count"].clone()))
        .collect::<serde_json::Map<String, Value>>()
        .into()
}

/// Copies a filled database of each state the whole way, and compares each copy with its source.
async fn there_and_back(states: &[&str]) {
    let (Some(python), Some(servers)) = (oracle::python(), servers()) else { return };
    let of = |kind: Server| servers.iter().find(|server| server.reference() == kind).unwrap();
    let sandbox = Sandbox::new();
    let (mut pairs, mut databases) = (Vec::new(), Vec::new());
    for state in states {
        let filled = of(Server::Sqlite).at(state).await;
        let mut source = name(&*filled);
        let script = oracle::script("copied_rows.py");
        oracle::run(Command::new(&python).arg(script).args(["fill", SEED, &source]));
        databases.push(filled);
        for (hop, kind) in WAY.into_iter().enumerate() {
            let server = of(kind);
            let database = server.new_database();
            let destination = name(&*database);
            // Where a kind of server comes first, it refuses what no former one has.
            let is_new = kind != Server::Sqlite && !WAY[..hop].contains(&kind);
            let options: &[&str] = if is_new { &["--skip-invalid"] } else { &[] };
            let skipped = copied(&sandbox, &source, &destination, options);
            let is_whole = skipped.as_object().unwrap().is_empty();
            assert!(is_whole || is_new, "{state} to {}: {skipped}", server.name());
            assert_at(server, &*database, state).await;
            pairs.push(json!({
                "name": format!("{state}, copy {hop} to {}", server.name()),
                "source": source,
                "destination": destination,
                "skipped": skipped,
            }));
            databases.push(database);
            source = destination;
        }
        let last = pairs.len() - 1;
        pairs.push(json!({
            "name": format!("{state}, from MySQL and back"),
            "source": pairs[last - 2]["source"],
            "destination": pairs[last]["destination"],
            "skipped": {},
        }));
    }
    let mut comparing = Command::new(&python);
    comparing.arg(oracle::script("copied_rows.py")).arg("compare");
    let mut comparing = comparing
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    comparing.stdin.take().unwrap().write_all(json!(pairs).to_string().as_bytes()).unwrap();
    let compared = comparing.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&compared.stdout);
    let complaint = String::from_utf8_lossy(&compared.stderr);
    assert_eq!(told, format!("{} pairs, no difference\n", pairs.len()), "{complaint}");
}

#[tokio::test]
async fn early_states() {
    there_and_back(&EARLY).await;
}

#[tokio::test]
async fn late_states() {
    there_and_back(&LATE).await;
}

#[tokio::test]
async fn the_last_states() {
    there_and_back(&LAST).await;
}

/// What MLflow has logged in a file is there on each server, also after an upgrade on the way, and
/// MLflow goes on.
#[tokio::test]
async fn mlflow_works_on_copies() {
    let Some(python) = oracle::python() else { return };
    let sandbox = Sandbox::with_sample("mlruns-1.2.0.db");
    let before = sandbox.files();
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    let mut databases = vec![TestServer::sqlite().new_database()];
    for server in servers.iter().filter(|it| !it.is_another_charset() && it.head() == "head") {
        let database = server.new_database();
        copied(&sandbox, "mlruns.db", &name(&*database), &["--to", "head"]);
        assert_at(server, &*database, "head").await;
        // MySQL takes an id of 0 for none at all, unless it is told otherwise.
        let ids = database.query("SELECT min(experiment_id), max(experiment_id) FROM experiments");
        let [Cell::Integer(0), Cell::Integer(greatest)] = ids[0][..] else { panic!("{ids:?}") };
        database.run("INSERT INTO experiments (name, creation_time) VALUES ('next', 1)");
        let next = "SELECT experiment_id FROM experiments WHERE name = 'next'";
        assert_eq!(database.query(next), [[Cell::Integer(greatest + 1)]], "{}", server.name());
        database.run("DELETE FROM experiments WHERE name = 'next'");
        databases.push(database);
    }
    copied(&sandbox, "mlruns.db", &name(&*databases[0]), &["--to", "head"]);
    assert!(sandbox.files() == before, "the source has changed");
    let names = databases.iter().map(|database| name(&**database));
    let told = oracle::run(Command::new(python).arg(oracle::script("open_store.py")).args(names));
    assert_eq!(told.matches("ok ").count(), databases.len(), "{told}");
}
