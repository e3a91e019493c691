//! What a test program prints besides the outcome of its trials.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How many of the slowest trials, and of the slowest subjects, are printed at the end.
const SLOWEST: usize = 10;

/// How long each trial took, and since when they run.
#[derive(Clone)]
pub(super) struct Times {
    began: Instant,
    taken: Arc<Mutex<Vec<(Duration, String)>>>,
}

impl Default for Times {
    fn default() -> Self {
        Self { began: Instant::now(), taken: Arc::default() }
    }
}

impl Times {
    /// Measures a trial until the value that this returns is dropped.
    pub(super) fn start(self, name: String) -> Stopwatch {
        Stopwatch { times: self, name, began: Instant::now() }
    }

    /// Prints the slowest trials and subjects, and what all took beside what they were expected to take.
    pub(super) fn print(&self, expected: Option<Duration>) {
        let Ok(taken) = self.taken.lock() else { return };
        print_slowest(taken.clone());
        let mut subjects: BTreeMap<&str, Duration> = BTreeMap::new();
        for (time, name) in taken.iter() {
            *subjects.entry(subject(name)).or_default() += *time;
        }
        if subjects.len() < taken.len() {
            print("with the time that trials take beside each other, by subject:");
            let subjects = subjects.into_iter();
            print_slowest(subjects.map(|(subject, time)| (time, subject.to_owned())).collect());
        }
        if let Some(expected) = expected {
            let took = self.began.elapsed().as_secs_f64();
            print(&format!("{took:7.1} s  in all; about {} s in CI", expected.as_secs()));
        }
    }
}

/// Prints those that took longest, first the one that took most.
fn print_slowest(mut taken: Vec<(Duration, String)>) {
    taken.sort_by(|one, other| other.cmp(one));
    for (time, name) in taken.iter().take(SLOWEST) {
        print(&format!("{:7.1} s  {name}", time.as_secs_f64()));
    }
}

/// Returns what a trial is about, with its server: the name's first two parts, without the test's own.
fn subject(name: &str) -> &str {
    let ends: Vec<usize> = name.match_indices("::").map(|(end, _)| end).collect();
    match ends[..] {
        [] => name,
        [end] | [_, end, ..] => &name[..end],
    }
}

/// Notes how long a trial took when it is dropped, so that a trial that panics is noted too.
pub(super) struct Stopwatch {
    times: Times,
    name: String,
    began: Instant,
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        if let Ok(mut taken) = self.times.taken.lock() {
            taken.push((self.began.elapsed(), std::mem::take(&mut self.name)));
        }
    }
}

/// The tests that are not run on a server, by the server and by what it lacks.
#[derive(Default)]
pub(super) struct LeftOut(BTreeMap<(String, &'static str), Vec<&'static str>>);

impl LeftOut {
    /// Adds a test that a server cannot run.
    pub(super) fn add(&mut self, server: &str, need: &'static str, test: &'static str) {
        self.0.entry((server.to_owned(), need)).or_default().push(test);
    }

    /// Prints a line for each server and need.
    pub(super) fn print(&self) {
        for ((server, need), tests) in &self.0 {
            print(&format!("not on {server}, since they need {need}: {}", tests.join(", ")));
        }
    }
}

/// Prints a line of the report.
#[allow(clippy::print_stdout, reason = "this is the report of a test program")]
pub(super) fn print(line: &str) {
    println!("{line}");
}
