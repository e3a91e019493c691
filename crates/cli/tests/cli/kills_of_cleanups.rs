//! `kill -9` of an upgrade that leaves rows, of the cleanup after it, and of the upgrade in its place.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::json_schema::checked;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

use crate::cleanups::{STATE, add_traces};
use crate::kills_at_steps::{End, kill_when_told};
use crate::sandbox::Sandbox;

/// A step after that which leaves the rows.
const LATE: usize = 20;

/// More than one transaction removes.
const TRACES: usize = 1000;

/// Kills a command when it has told its progress a number of times.
fn kill_after_progress(times: usize, command: &mut Command) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let progress = told.filter(|line| checked(line)["event"] == "progress");
    assert_eq!(progress.take(times).count(), times);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn succeeds(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let ran = sandbox.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[tokio::test]
async fn on_servers() {
    let sandbox = Sandbox::new();
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    let able = |server: &TestServer| EVERY_REVISION.is_of(server) && !server.is_another_charset();
    for server in servers.into_iter().filter(able) {
        for ends_online in [true, false] {
            let database = server.at(STATE).await;
            add_traces(&*database, TRACES);
            let address = database.address().unwrap();
            let url = address.to_string();
            let upgrade = ["upgrade", &url, "--defer-cleanup", "--json"];
            for (step, end) in [(1, End::Begins), (6, End::Ends), (LATE, End::Begins)] {
                kill_when_told(step, end, &mut sandbox.command(&upgrade));
                wait_until_alone(&server, address);
            }
            // What was left need not be brought back.
            if server.is_mysql() && ends_online {
                succeeds(&sandbox, &["abort", &url]);
                assert_at(&server, &*database, STATE).await;
            }
            succeeds(&sandbox, &upgrade);
            assert!(succeeds(&sandbox, &["check", &url]).contains("cleanup"));
            let left = || database.query("SELECT request_id FROM trace_tags").len();
            assert_eq!(left(), TRACES);
            let cleanup = ["cleanup", &url, "--throttle", "20", "--json"];
            for times in [1, 2] {
                kill_after_progress(times, &mut sandbox.command(&cleanup));
                wait_until_alone(&server, address);
                assert!((1..TRACES).contains(&left()), "{}", left());
                assert!(succeeds(&sandbox, &["check", &url]).contains("cleanup"));
            }
            if ends_online {
                succeeds(&sandbox, &["cleanup", &url]);
            } else {
                let upgrade = ["upgrade", &url, "--json"];
                kill_when_told(1, End::Begins, &mut sandbox.command(&upgrade));
                wait_until_alone(&server, address);
                succeeds(&sandbox, &upgrade);
            }
            assert_eq!(left(), 0);
            assert!(!succeeds(&sandbox, &["check", &url]).contains("cleanup"));
            let wrong = "SELECT request_id FROM trace_info WHERE trace_name IS NULL \
                         OR trace_name NOT LIKE 'name %'";
            assert!(database.query(wrong).is_empty());
        }
    }
}
