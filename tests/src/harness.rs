//! Runs each test once on each server.
//!
//! A trial is called `mariadb-10.11::user_tags::an_existing_tag_is_kept`, so that a server that fails
//! is seen, and a filter can name a server as well as a test. A test that needs what a server lacks is
//! not run there, and is told before the trials begin.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Failed, Trial};

use crate::capability::Capability;
use crate::server::TestServer;

/// How many trials run at the same time unless `--test-threads` says otherwise. A trial mostly waits
/// for its server.
const THREADS: usize = 6;

/// How many of the slowest trials are told at the end.
const SLOWEST: usize = 10;

/// How long each trial took.
type Times = Arc<Mutex<Vec<(Duration, String)>>>;

/// A test's function.
pub type Run = for<'a> fn(&'a TestServer) -> Pin<Box<dyn Future<Output = ()> + 'a>>;

/// A test, and what it needs.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// The module's path and the function's name.
    pub name: &'static str,
    /// The function.
    pub run: Run,
    /// What a server must have for it.
    pub needs: &'static [Capability],
}

impl Test {
    fn short_name(&self) -> &'static str {
        self.name.split_once("::").map_or(self.name, |(_, rest)| rest)
    }

    fn lacks(&self, server: &TestServer) -> Option<&'static str> {
        self.needs.iter().find(|need| !need.is_of(server)).map(|need| need.name)
    }

    fn trial(self, server: &Arc<TestServer>, times: &Times) -> Trial {
        let name = format!("{}::{}", server.name(), self.short_name());
        let (server, times, timed) = (Arc::clone(server), Arc::clone(times), name.clone());
        Trial::test(name, move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let began = Instant::now();
            runtime.map_err(Failed::from)?.block_on((self.run)(&server));
            if let Ok(mut times) = times.lock() {
                times.push((began.elapsed(), timed));
            }
            Ok(())
        })
    }
}

/// Lists the tests of a module: `tests![one, other => NEED, third => NEED => NEED]`, each a function
/// `async fn(&TestServer)`.
#[macro_export]
macro_rules! tests {
    ($($name:ident $(=> $need:expr)*),* $(,)?) => {
        &[$($crate::harness::Test {
            name: concat!(module_path!(), "::", stringify!($name)),
            run: |server| Box::pin($name(server)),
            needs: &[$($need),*],
        }),*]
    };
}

/// The servers, and a trial that fails where they are not those that were meant.
fn servers() -> (Vec<Arc<TestServer>>, Trial) {
    let mut servers = vec![Arc::new(TestServer::sqlite())];
    let problem = match TestServer::given() {
        Ok(given) => {
            servers.extend(given.into_iter().map(Arc::new));
            let missing = TestServer::missing(&servers);
            (!missing.is_empty()).then(|| format!("not among the servers: {}", missing.join(", ")))
        }
        Err(problem) => Some(problem),
    };
    let are_given = move || problem.map_or(Ok(()), |problem| Err(Failed::from(problem)));
    (servers, Trial::test("servers_are_given", are_given))
}

/// The further servers, and a trial that fails where one does not answer.
fn further_servers() -> (Vec<Arc<TestServer>>, Trial) {
    let (servers, problem) = match TestServer::further() {
        Ok(servers) => (servers, None),
        Err(problem) => (Vec::new(), Some(problem)),
    };
    let answer = move || problem.map_or(Ok(()), |problem| Err(Failed::from(problem)));
    let servers = servers.into_iter().map(Arc::new).collect();
    (servers, Trial::test("further_servers_answer", answer))
}

/// Runs the tests of some modules on every server, and in every character set there.
#[must_use]
pub fn run(modules: &[&[Test]]) -> ExitCode {
    run_in_threads(modules, &[], &[], THREADS)
}

/// Runs the tests of some modules on every server, in every character set there, and those of the others
/// in the first one only: what they assert does not depend on it.
#[must_use]
pub fn run_some_in_every_charset(some: &[&[Test]], others: &[&[Test]]) -> ExitCode {
    run_in_threads(some, others, &[], THREADS)
}

/// As [`run_some_in_every_charset`], and runs the tests of some more modules on further servers.
#[must_use]
pub fn run_some_on_further_servers(
    some: &[&[Test]],
    others: &[&[Test]],
    further: &[&[Test]],
) -> ExitCode {
    run_in_threads(some, others, further, THREADS)
}

/// Runs tests that others must not be disturbed by, one after the other.
#[must_use]
pub fn run_alone(modules: &[&[Test]]) -> ExitCode {
    run_in_threads(modules, &[], &[], 1)
}

fn run_in_threads(
    everywhere: &[&[Test]],
    once: &[&[Test]],
    further: &[&[Test]],
    threads: usize,
) -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(threads);
    let (servers, are_given) = servers();
    let times = Times::default();
    let mut trials = vec![are_given];
    let mut left_out: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let everywhere = everywhere.iter().copied().flatten().map(|test| (test, true));
    let once = once.iter().copied().flatten().map(|test| (test, false));
    for (test, is_everywhere) in everywhere.chain(once) {
        for server in &servers {
            if server.is_another_charset() && !is_everywhere {
                continue;
            }
            match test.lacks(server) {
                Some(_) if !asks_for(&arguments, test) => {}
                Some(need) => {
                    left_out.entry((server.name(), need)).or_default().push(test.short_name());
                }
                None => trials.push(test.trial(server, &times)),
            }
        }
    }
    if !further.is_empty() {
        let (servers, are_given) = further_servers();
        let tests = further.iter().copied().flatten();
        trials.push(are_given);
        trials.extend(
            servers.iter().flat_map(|server| tests.clone().map(|it| it.trial(server, &times))),
        );
    }
    if !arguments.list && !arguments.quiet {
        tell(&left_out);
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    if !arguments.list && !arguments.quiet {
        tell_slowest(&times);
    }
    conclusion.exit_code()
}

/// Whether the command line names no tests, or this one among others.
fn asks_for(arguments: &Arguments, test: &Test) -> bool {
    arguments.filter.as_ref().is_none_or(|filter| test.short_name().contains(filter))
}

#[allow(clippy::print_stdout, reason = "this is the report of a test program")]
fn tell(left_out: &BTreeMap<(&str, &str), Vec<&str>>) {
    for ((server, need), tests) in left_out {
        println!("not on {server}, since they need {need}: {}", tests.join(", "));
    }
}

#[allow(clippy::print_stdout, reason = "this is the report of a test program")]
fn tell_slowest(times: &Times) {
    let Ok(mut times) = times.lock() else { return };
    times.sort_by(|one, other| other.cmp(one));
    for (time, name) in times.iter().take(SLOWEST) {
        println!("{:7.1} s  {name}", time.as_secs_f64());
    }
}
