//! Ctrl-C and SIGTERM.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use crate::sandbox::Sandbox;

/// What a command has said before it is sent a signal: a step is done, and a long one is to come.
const AT: &str = "[ 2/";

/// So many rows that the long step takes a good while.
const ROWS: u32 = 400_000;

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(sent.unwrap().success());
}

/// Starts a command, sends it a signal in the middle of a step, and tells the exit code and what it
/// has said.
pub(crate) fn stopped_by(signal: &str, command: &mut Command) -> (Option<i32>, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut told = String::new();
    while !told.contains(AT) {
        assert!(stderr.read_line(&mut told).unwrap() > 0, "no {AT:?} in {told}");
    }
    send(signal, &child);
    stderr.read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

fn sandbox() -> Sandbox {
    sandbox_of(ROWS)
}

/// A database with so many metrics.
pub(crate) fn sandbox_of(rows: u32) -> Sandbox {
    let sandbox = Sandbox::with_sample("mlruns-0.9.1.db");
    sandbox.sql(&format!(
        "INSERT INTO runs (run_uuid, experiment_id, status, lifecycle_stage) \
         VALUES ('r', (SELECT min(experiment_id) FROM experiments), 'FINISHED', 'active'); \
         INSERT INTO metrics (key, value, timestamp, run_uuid) \
         WITH RECURSIVE n(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT {rows}) \
         SELECT 'key' || (value % 20), value * 0.5, 1560000000000 + value, 'r' FROM n;"
    ));
    sandbox
}

#[test]
fn a_signal_takes_the_upgrade_back() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let sandbox = sandbox();
        let before = sandbox.files();
        let (stopped, told) =
            stopped_by(signal, &mut sandbox.command(&["upgrade", "-v", "mlruns.db"]));
        assert_eq!(stopped, Some(code), "{told}");
        assert!(told.contains("stopping at the next safe point"), "{told}");
        assert!(told.ends_with("error: interrupted\nhint: the database is unchanged\n"), "{told}");
        assert!(sandbox.files() == before, "the database has changed");
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    }
}
