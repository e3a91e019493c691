//! What runs of MLflow's own chain leave behind that stop within a revision, on servers whose DDL
//! commits by itself: this tool finishes them.
//!
//! Of every few revisions some statements are tried; with `MLFLOW_MIGRATE_PARTIAL_RUNS=all` every
//! statement of every revision.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};

use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade};
use mlflow_migrate_tests::fill;
use mlflow_migrate_tests::server::TestServer;

use crate::oracle;

/// Revisions that do more than to add something.
const ALWAYS: [&str; 5] =
    ["89d4b8295536", "5d2d30f0abce", "1b5f0d9ad7c1", "75868b020152", "f4a9b2c7d1e6"];

/// Of the other revisions only each of so many is tried, others on each server, and of all only each of
/// so many statements.
const REVISIONS: usize = 24;
const STATEMENTS: usize = 12;

/// How a run of MLflow's ended.
#[derive(PartialEq)]
enum Ended {
    Stopped,
    Finished,
    /// By itself, before it had come to the statement, as f4a9b2c7d1e6 does where latin1 is the default.
    Failed,
}

/// MLflow's chain, on a connection that can be cut.
struct Mlflow {
    process: Child,
    answers: BufReader<ChildStdout>,
}

impl Mlflow {
    fn start(python: &OsStr) -> Self {
        let mut process = Command::new(python)
            .arg(oracle::script("partial_runs.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = BufReader::new(process.stdout.take().unwrap());
        Self { process, answers }
    }

    /// Upgrades to a revision, and stops after so many statements.
    fn run(&mut self, database: &str, revision: &str, statements: usize) -> Ended {
        let stdin = self.process.stdin.as_mut().unwrap();
        writeln!(stdin, "{database} {revision} {statements}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        match answer.trim_end() {
            "stopped" => Ended::Stopped,
            "finished" => Ended::Finished,
            other if other.starts_with("failed: ") => Ended::Failed,
            other => panic!("{revision} after {statements} statements: {other:?}"),
        }
    }
}

impl Drop for Mlflow {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Rows for the data migrations that remove, or replace, what they read.
fn fill_before(revision: &str, database: &dyn TestDatabase) {
    match revision {
        "89d4b8295536" => fill::metrics(database, 3),
        "75868b020152" => TRACE.iter().for_each(|statement| database.run(statement)),
        _ => {}
    }
}

/// A trace with a name, and a span with a model.
const TRACE: [&str; 4] = [
    "INSERT INTO experiments (experiment_id, name, lifecycle_stage, workspace) \
     VALUES (7, 'e', 'active', 'default')",
    "INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) \
     VALUES ('t', 7, 1, 'OK')",
    "INSERT INTO trace_tags (\"key\", value, request_id) VALUES ('mlflow.traceName', 'a name', 't')",
    "INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content, \
     dimension_attributes) VALUES ('t', 7, 's', 'OK', 1, '{}', '{\"mlflow.llm.model\": \"m\"}')",
];

/// What becomes of these rows, whichever of the two programs has moved them.
fn assert_filled(revision: &str, database: &dyn TestDatabase) {
    let (sql, expected): (_, Cell) = match revision {
        "89d4b8295536" => {
            ("SELECT count(*) FROM latest_metrics WHERE step = 2", fill::ROWS_OF_A_STEP.into())
        }
        "75868b020152" => (
            "SELECT count(*) FROM trace_info JOIN spans ON trace_id = request_id \
             WHERE trace_name = 'a name' AND model_name = 'm'",
            1.into(),
        ),
        _ => return,
    };
    assert_eq!(database.query(sql), [[expected]], "{revision}");
}

/// Finishes one run of MLflow, and tells what is not as it should be then.
async fn finish(
    server: &TestServer,
    database: &dyn TestDatabase,
    revision: &str,
) -> Result<(), String> {
    let (catalogue, head) = (server.catalogue(), server.head());
    // Nothing in such a database says where it was: MLflow stamps it after the first revision.
    let is_unstamped = catalogue.graph.revisions().first().is_some_and(|one| one.id == revision);
    let assume = is_unstamped.then_some(Assumption::At(None));
    let (upgraded, _) =
        Upgrade { assume, ..Upgrade::default() }.run(catalogue, database, head).await;
    upgraded.map_err(|error| error.to_string())?;
    // On a thread of its own, so that one case that fails does not hide the others.
    let checked = std::thread::scope(|scope| {
        let check = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(assert_at(server, database, head));
            assert_filled(revision, database);
        };
        scope.spawn(check).join()
    });
    checked.map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

/// Tries a server, and tells how many runs were finished; of few revisions those from this place on.
async fn finish_all(server: &TestServer, mlflow: &mut Mlflow, is_all: bool, first: usize) -> usize {
    let mut cases = 0;
    let catalogue = server.catalogue();
    let head = server.head();
    let last = if head == "head" { catalogue.graph.head().unwrap() } else { head };
    let path = catalogue.graph.path(None, Some(last)).unwrap();
    let mut before = "base".to_owned();
    let mut failed = Vec::new();
    for (place, revision) in path.iter().enumerate() {
        let revision = revision.id.as_str();
        let is_tried = is_all || ALWAYS.contains(&revision) || place % REVISIONS == first;
        let step = if is_all { 1 } else { STATEMENTS };
        for statements in (1..).step_by(step).take_while(|_| is_tried) {
            let database = server.at(&before).await;
            let address = database.address().unwrap().to_string();
            // PyMySQL does not know the parameters that mlflow-migrate knows.
            let address = address.split('?').next().unwrap_or_default();
            fill_before(revision, &*database);
            let ended = mlflow.run(address, revision, statements);
            if ended == Ended::Finished {
                break;
            }
            cases += 1;
            if let Err(problem) = finish(server, &*database, revision).await {
                failed.push(format!("{revision} after {statements} statements: {problem}"));
            }
            if ended == Ended::Failed {
                break;
            }
        }
        revision.clone_into(&mut before);
    }
    assert!(failed.is_empty(), "{}: {}", server.name(), failed.join("\n"));
    cases
}

#[test]
fn runs_of_mlflow_that_stopped_are_finished() {
    let Some(python) = oracle::python() else { return };
    let is_all = std::env::var_os("MLFLOW_MIGRATE_PARTIAL_RUNS").is_some_and(|it| it == "all");
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    let try_one = |server: &TestServer, first: usize| {
        let mut mlflow = Mlflow::start(&python);
        let cases = mlflow_migrate_tests::wait(finish_all(server, &mut mlflow, is_all, first));
        let told = format!("{}: {cases} runs of MLflow finished\n", server.name());
        std::io::stderr().write_all(told.as_bytes()).unwrap();
        assert!(cases > 1, "{told}");
    };
    // Each mostly waits for its server.
    std::thread::scope(|scope| {
        let is_tried =
            |server: &&TestServer| server.is_mysql() && (is_all || !server.is_another_charset());
        let servers = servers.iter().filter(is_tried);
        for (server, first) in servers.zip([0, 8, 16].into_iter().cycle()) {
            scope.spawn(move || try_one(server, first));
        }
    });
}
