//! `kill -9` before and after steps, and the same command again.
//!
//! On MySQL a step ends with its note, so an upgrade is killed when the note is about to be written, and
//! when the server has written it. Elsewhere it is killed when it tells that a step begins or ends.
//! `MLFLOW_MIGRATE_KILLED_STEPS=all` tries every step, not two.

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::json_schema::checked;
use mlflow_migrate_tests::proxy::Proxy;

use crate::kills::{Undisturbed, UndisturbedFile};

const KILL: i32 = 9;

/// An end of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Begins,
    Ends,
}

fn is_every_step() -> bool {
    std::env::var_os("MLFLOW_MIGRATE_KILLED_STEPS").is_some_and(|wanted| wanted == "all")
}

/// Two ends of steps: in the first half of an upgrade from base, in the second of another.
fn some(state: &str, steps: usize) -> [(usize, End); 2] {
    if state == "base" {
        [(1, End::Ends), (steps / 2, End::Begins)]
    } else {
        [(steps / 2, End::Ends), (steps, End::Begins)]
    }
}

/// The steps, by their number from 1, at which an upgrade is killed.
fn killed(state: &str, steps: usize) -> Vec<(usize, End)> {
    if is_every_step() {
        return (1..=steps).flat_map(|step| [(step, End::Begins), (step, End::Ends)]).collect();
    }
    some(state, steps).to_vec()
}

/// Kills a command when it tells of one end of a step.
pub(crate) fn kill_when_told(step: usize, end: End, command: &mut Command) {
    let event = if end == End::Begins { "step_started" } else { "step_finished" };
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let is_due = |line: &String| {
        let told = checked(line);
        told["event"] == event && told["step"] == step
    };
    assert!(told.into_iter().any(|line| is_due(&line)), "no {event} {step}");
    child.kill().unwrap();
    child.wait().unwrap();
}

/// What goes to MySQL at the boundaries of an upgrade, how often it has gone before then, and whether
/// the upgrade is killed before it arrives or after it was answered.
fn boundaries(state: &str, steps: usize) -> Vec<(String, u64, End)> {
    let note = |step: usize| format!("SET note = '{step}' WHERE id = 0");
    if !is_every_step() {
        return some(state, steps).map(|(step, end)| (note(step), 1, end)).to_vec();
    }
    let outer = [
        ("CREATE TABLE alembic_mlflow_migrate ", 1),
        // The first puts the fence up, the second stamps.
        ("DELETE FROM alembic_version", 1),
        ("DELETE FROM alembic_version", 2),
        ("DROP TABLE IF EXISTS alembic_mlflow_migrate", 1),
    ];
    let outer = outer.into_iter().map(|(text, time)| (text.to_owned(), time));
    let all = (1..=steps).map(|step| (note(step), 1)).chain(outer);
    all.flat_map(|(text, time)| [End::Begins, End::Ends].map(|end| (text.clone(), time, end)))
        .collect()
}

/// Kills an upgrade when a text goes by for the `time`th time: it does not arrive, or its answer does not.
fn kill_at(undisturbed: &Undisturbed<'_>, address: &Address, text: &str, time: u64, end: End) {
    let process = Arc::new(AtomicU32::new(0));
    let victim = Arc::clone(&process);
    let kill = move || {
        let process = std::iter::repeat_with(|| victim.load(Ordering::SeqCst));
        let process = process.into_iter().find(|process| *process > 0).unwrap();
        let killed = Command::new("kill").args(["-KILL", &process.to_string()]).status();
        assert!(killed.unwrap().success());
        false
    };
    let proxy = match end {
        End::Begins => Proxy::before(address, text, time, kill),
        End::Ends => Proxy::after(address, text, time, kill),
    };
    let mut command = undisturbed.upgrade(&address.through_port(proxy.port()));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    process.store(child.id(), Ordering::SeqCst);
    let killed_by = child.wait().unwrap().signal();
    assert_eq!(killed_by, Some(KILL), "{text} did not go by");
}

/// Kills upgrades on a server.
pub(crate) async fn on_server(undisturbed: &Undisturbed<'_>) {
    let Undisturbed { server, state, steps, .. } = undisturbed;
    if server.is_mysql() {
        for (text, time, end) in boundaries(state, *steps) {
            let kill = |address: &Address| kill_at(undisturbed, address, &text, time, end);
            undisturbed.compare(&format!("at {text} ({time}, {end:?})"), kill).await;
        }
        return;
    }
    for (step, end) in killed(state, *steps) {
        let kill = |address: &Address| kill_when_told(step, end, &mut undisturbed.upgrade(address));
        undisturbed.compare(&format!("as step {step} {end:?}"), kill).await;
    }
}

/// Kills upgrades of a file.
pub(crate) fn on_sqlite(undisturbed: &UndisturbedFile) {
    for (step, end) in killed(undisturbed.state, undisturbed.steps) {
        let kill = |command: &mut Command| kill_when_told(step, end, command);
        undisturbed.compare(&format!("as step {step} {end:?}"), kill);
    }
}
