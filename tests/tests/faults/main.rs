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

use libtest_mimic::{Arguments, Failed, Trial};
use mlflow_migrate_tests::private_server;

use crate::subject::Ground;

/// A server that is started for the first trial on it.
struct Kind {
    name: String,
    ground: Mutex<Option<Ground>>,
}

impl Kind {
    fn trial(self: &Arc<Self>, test: &str, run: impl FnOnce(&Ground) + Send + 'static) -> Trial {
        let kind = Arc::clone(self);
        Trial::test(format!("{}::{test}", self.name), move || {
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
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let kinds: Vec<Arc<Kind>> = private_server::names()
        .into_iter()
        .map(|name| Arc::new(Kind { name, ground: Mutex::default() }))
        .collect();
    let mut trials = clusters::trials(&private_server::names());
    for kind in &kinds {
        if kind.name == "mysql56" {
            trials.push(kind.trial("killed_and_restarted", kills::killed_between_statements));
            let test = "only_the_definition_of_a_table";
            trials.push(kind.trial(test, kills::only_the_definition_of_a_table));
        } else {
            trials.push(kind.trial("killed_and_restarted", kills::killed_and_restarted));
        }
    }
    for name in ["mysql", "mariadb"] {
        if kinds.iter().any(|kind| kind.name == name) {
            let test = format!("{name}::small_transactions");
            trials.push(Trial::test(test, move || {
                small_transactions::small_transactions(name);
                Ok(())
            }));
        }
    }
    for fault in table::FAULTS {
        for kind in kinds.iter().filter(|kind| fault.on.contains(&kind.name.as_str())) {
            trials.push(kind.trial(fault.name, |ground| fault.strike(ground)));
        }
    }
    // Each waits until its server is free.
    arguments.test_threads.get_or_insert(trials.len().max(1));
    if kinds.is_empty() && !arguments.list && !arguments.quiet {
        tell("no faults: they take the servers of tests/servers/run.sh");
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

#[allow(clippy::print_stdout, reason = "this is the report of a test program")]
fn tell(line: &str) {
    println!("{line}");
}
