//! What happens to a server while it is upgraded: it is killed, full, set to read-only, and the like.
//!
//! Whatever it is, an upgrade never hangs, never panics, and never ends with anything but an error of the
//! right kind or the right result; and once the fault is gone, the same command ends as if there had been
//! none.
//!
//! The servers are this program's own ([`mlflow_migrate_tests::private_server`]), one of each kind that
//! `tests/servers/run.sh` has started for the other tests; trials on one server follow each other.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

mod causes;
mod clusters;
mod kills;
mod small_transactions;
mod subject;
mod table;

use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::Failed;
use mlflow_migrate_tests::harness::{Claim, Program, Resource, Trial};
use mlflow_migrate_tests::private_server;

use crate::subject::Ground;

/// The four servers of CI, and both clusters.
const EXPECTED: Duration = Duration::from_secs(170);

/// A server that is started for the first trial on it.
struct Kind {
    name: String,
    server: Resource,
    ground: Mutex<Option<Ground>>,
}

impl Kind {
    fn new(name: String) -> Arc<Self> {
        Arc::new(Self { name, server: Resource::default(), ground: Mutex::default() })
    }

    fn trial(self: &Arc<Self>, test: &str, run: impl FnOnce(&Ground) + Send + 'static) -> Trial {
        let kind = Arc::clone(self);
        let claims = vec![Claim::Exclusive(self.server.clone())];
        Trial::new(format!("{}::{test}", self.name), claims, move || {
            let mut ground = kind.ground.lock().unwrap_or_else(PoisonError::into_inner);
            if ground.is_none() {
                *ground = Some(Ground::start(&kind.name).map_err(Failed::from)?);
            }
            if let Some(ground) = ground.as_ref() {
                run(ground);
            }
            Ok(())
        })
    }

    fn kills(self: &Arc<Self>) -> Vec<Trial> {
        if self.name != "mysql56" {
            return vec![self.trial("kills::killed_and_restarted", kills::killed_and_restarted)];
        }
        let test = "kills::only_the_definition_of_a_table";
        vec![
            self.trial("kills::killed_and_restarted", kills::killed_between_statements),
            self.trial(test, kills::only_the_definition_of_a_table),
        ]
    }
}

fn main() -> ExitCode {
    let kinds: Vec<Arc<Kind>> = private_server::names().into_iter().map(Kind::new).collect();
    let mut trials = clusters::trials(&private_server::names());
    trials.extend(kinds.iter().flat_map(Kind::kills));
    for name in ["mysql", "mariadb"] {
        if kinds.iter().any(|kind| kind.name == name) {
            let test = format!("{name}::small_transactions::every_limit_is_enough_or_refused");
            trials.push(Trial::new(test, Vec::new(), move || {
                small_transactions::small_transactions(name);
                Ok(())
            }));
        }
    }
    for fault in table::FAULTS {
        for kind in kinds.iter().filter(|kind| fault.on.contains(&kind.name.as_str())) {
            let test = format!("causes::{}", fault.name);
            trials.push(kind.trial(&test, |ground| fault.strike(ground)));
        }
    }
    // Each waits until its server is free.
    let mut program = Program::new(EXPECTED).threads(trials.len().max(1)).trials(trials);
    if kinds.is_empty() {
        program = program.note("no faults: they take the servers of tests/servers/run.sh");
    }
    program.run()
}
