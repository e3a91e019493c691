//! Runs the trials of a test program, and reports which were left out and which took longest.
//!
//! A trial is a test on one server, a check that needs no server, or whatever a program makes of
//! [`Trial::new`]. Its name says where it runs and what it is about:
//! `mariadb-10.11::data_migrations::user_tags::an_existing_tag_is_kept`. So a filter selects a server, a
//! subject or a test. A test that needs what a server lacks is not run there, and the program lists it
//! before the trials begin.

mod report;
mod test;
mod trial;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed};

use crate::server::TestServer;
use report::{LeftOut, Times, print};
pub use test::{Check, RunCheck, RunTest, Test};
pub use trial::{Claim, Resource, Trial};

/// How many trials run at the same time unless `--test-threads` says otherwise. A trial mostly waits
/// for its server.
const THREADS: usize = 6;

/// Which servers a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every given server, in each of its character sets.
    EachCharset,
    /// Every given server, in its first character set: what the test asserts does not depend on it.
    OnceAServer,
    /// The further servers, which are other versions of the given ones.
    FurtherServers,
}

/// Which other trials of the program run at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Company {
    /// Any that have company too.
    Others,
    /// None: the trial changes, or measures, what all trials share. It runs after the others.
    Nobody,
}

/// Tests with the same reach and company.
#[derive(Debug)]
struct Tests {
    reach: Reach,
    company: Company,
    modules: Vec<&'static [Test]>,
}

/// A test program: its trials, and how long they take in CI.
#[derive(Debug)]
pub struct Program {
    expected: Duration,
    threads: Option<usize>,
    notes: Vec<String>,
    tests: Vec<Tests>,
    trials: Vec<Trial>,
    /// What trials without company claim for themselves.
    everything: Resource,
}

impl Program {
    /// Starts an empty program that takes about so long in CI, where it runs on every server.
    ///
    /// No trial asserts a time. The program prints what it took beside what it was expected to take.
    #[must_use]
    pub fn new(expected: Duration) -> Self {
        Self {
            expected,
            threads: None,
            notes: Vec::new(),
            tests: Vec::new(),
            trials: Vec::new(),
            everything: Resource::default(),
        }
    }

    /// Adds the tests of some modules.
    #[must_use]
    pub fn tests(mut self, reach: Reach, company: Company, modules: &[&'static [Test]]) -> Self {
        self.tests.push(Tests { reach, company, modules: modules.to_vec() });
        self
    }

    /// Adds the checks of some modules.
    #[must_use]
    pub fn checks(mut self, company: Company, modules: &[&'static [Check]]) -> Self {
        let claim = self.claim(company);
        let checks = modules.iter().copied().flatten();
        self.trials.extend(checks.map(|check| check.trial(claim.clone())));
        self
    }

    /// Adds trials.
    #[must_use]
    pub fn trials(mut self, trials: impl IntoIterator<Item = Trial>) -> Self {
        self.trials.extend(trials);
        self
    }

    /// Sets how many trials run at the same time unless `--test-threads` says otherwise.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Adds a line that is printed before the trials begin.
    #[must_use]
    pub fn note(mut self, line: impl Into<String>) -> Self {
        self.notes.push(line.into());
        self
    }

    /// Runs the trials that the command line asks for.
    #[must_use]
    pub fn run(mut self) -> ExitCode {
        let mut arguments = Arguments::from_args();
        arguments.test_threads.get_or_insert(self.threads.unwrap_or(THREADS));
        let is_silent = arguments.list || arguments.quiet;
        let OnServers { mut trials, left_out, problems } = self.on_servers(&arguments);
        trials.append(&mut self.trials);
        // A trial without company would keep the others waiting.
        trials.sort_by_key(|trial| trial.is_alone_on(&self.everything));
        if !is_silent {
            self.notes.iter().for_each(|line| print(line));
            left_out.print();
        }
        let times = Times::default();
        let trials: Vec<_> = trials.into_iter().map(|trial| trial.timed(&times)).collect();
        let runs_any = !trials.iter().all(|trial| arguments.is_filtered_out(trial));
        let conclusion = libtest_mimic::run(&arguments, trials);
        if !is_silent {
            times.print(is_whole(&arguments).then_some(self.expected));
        }
        // A filter may have left out the trial that fails for this reason.
        if !arguments.list && runs_any && !problems.is_empty() {
            problems.iter().for_each(|problem| print(problem));
            return ExitCode::FAILURE;
        }
        conclusion.exit_code()
    }

    /// Finds the servers, and makes the trials of all tests.
    fn on_servers(&self, arguments: &Arguments) -> OnServers {
        let (mut trials, mut left_out) = (Vec::new(), LeftOut::default());
        let mut problems = Vec::new();
        let is_further = |tests: &Tests| tests.reach == Reach::FurtherServers;
        let mut servers = Vec::new();
        if !self.tests.iter().all(is_further) {
            let (given, problem) = given_servers();
            servers = given;
            problems.extend(problem.clone());
            trials.push(without("servers_are_given", problem));
        }
        let mut further = Vec::new();
        if self.tests.iter().any(is_further) {
            let (given, problem) = further_servers();
            further = given;
            problems.extend(problem.clone());
            trials.push(without("further_servers_answer", problem));
        }
        for Tests { reach, company, modules } in &self.tests {
            let claim = self.claim(*company);
            for test in modules.iter().copied().flatten() {
                let servers = if *reach == Reach::FurtherServers { &further } else { &servers };
                for server in servers {
                    if server.is_another_charset() && *reach == Reach::OnceAServer {
                        continue;
                    }
                    match test.lacks(server) {
                        None => trials.push(test.trial(server, claim.clone())),
                        Some(need) if asks_for(arguments, test) => {
                            left_out.add(server.name(), need, test.short_name());
                        }
                        Some(_) => {}
                    }
                }
            }
        }
        OnServers { trials, left_out, problems }
    }

    /// Returns what a trial with such company claims.
    fn claim(&self, company: Company) -> Claim {
        match company {
            Company::Others => Claim::Shared(self.everything.clone()),
            Company::Nobody => Claim::Exclusive(self.everything.clone()),
        }
    }
}

/// What becomes of the tests on the servers that are there.
struct OnServers {
    trials: Vec<Trial>,
    left_out: LeftOut,
    /// Why these are not the servers that were meant.
    problems: Vec<String>,
}

/// Finds the servers, and says why they are not those that were meant.
fn given_servers() -> (Vec<Arc<TestServer>>, Option<String>) {
    let mut servers = vec![Arc::new(TestServer::sqlite())];
    let problem = match TestServer::given() {
        Ok(given) => {
            servers.extend(given.into_iter().map(Arc::new));
            let missing = TestServer::missing(&servers);
            (!missing.is_empty()).then(|| format!("not among the servers: {}", missing.join(", ")))
        }
        Err(problem) => Some(problem),
    };
    (servers, problem)
}

/// Finds the further servers, and says which of them does not answer.
fn further_servers() -> (Vec<Arc<TestServer>>, Option<String>) {
    match TestServer::further() {
        Ok(servers) => (servers.into_iter().map(Arc::new).collect(), None),
        Err(problem) => (Vec::new(), Some(problem)),
    }
}

/// Makes a trial that fails where there is a problem.
fn without(name: &str, problem: Option<String>) -> Trial {
    let outcome = problem.map_or(Ok(()), |problem| Err(Failed::from(problem)));
    Trial::new(name, Vec::new(), move || outcome)
}

/// Says whether the command line names no tests, or this one among others.
fn asks_for(arguments: &Arguments, test: &Test) -> bool {
    arguments.filter.as_ref().is_none_or(|filter| test.short_name().contains(filter))
}

/// Says whether the command line leaves no trial out.
fn is_whole(arguments: &Arguments) -> bool {
    arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.ignored
}
