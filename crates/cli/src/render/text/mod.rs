//! Text: progress and notes on stderr, results on stdout.

mod abort;
mod check;
mod current;
mod doctor;
mod estimate;
mod history;
mod plan;
mod restore;
mod status;
mod steps;
mod upgrade;
mod verify;

use std::io::{self, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::builder::styling::{AnsiColor, Style};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Event, Observer};

use self::steps::Steps;
use super::visible::{self, one_line};
use super::{Renderer, causes, unless_reader_is_gone};
use crate::outcome::Outcome;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The renderer for people.
pub(super) struct Text {
    quiet: bool,
    progress: Mutex<Steps>,
}

impl Text {
    pub(super) fn new(quiet: bool, verbose: bool, on_terminal: bool) -> Self {
        Self { quiet, progress: Mutex::new(Steps::new(verbose, on_terminal)) }
    }

    fn progress(&self) -> MutexGuard<'_, Steps> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Text {
    fn notify(&self, event: &Event) {
        if !self.quiet {
            self.progress().show(event);
        }
    }
}

impl Renderer for Text {
    fn outcome(&self, outcome: &Outcome) -> io::Result<()> {
        self.progress().end();
        let mut text = Vec::new();
        match outcome {
            Outcome::Finished(finished) => upgrade::write(&mut text, finished)?,
            Outcome::Current(current) => current::write(&mut text, current)?,
            Outcome::History(history) => history::write(&mut text, history)?,
            Outcome::Plan(plan) => plan::write(&mut text, plan)?,
            Outcome::Check(check) => check::write(&mut text, check)?,
            Outcome::Estimate(estimate) => estimate::write(&mut text, estimate)?,
            Outcome::Doctor(found) => doctor::write(&mut text, found)?,
            Outcome::Verify(found) => verify::write(&mut text, found)?,
            Outcome::Status(status) => status::write(&mut text, status)?,
            Outcome::Abort(aborted) => abort::write(&mut text, aborted)?,
            Outcome::Restore(restored) => restore::write(&mut text, restored)?,
        }
        let text = visible::lines(&String::from_utf8_lossy(&text));
        let mut stdout = anstream::stdout().lock();
        unless_reader_is_gone(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    fn error(&self, error: &Error, _: u8) -> io::Result<()> {
        // Removes the failed step's bar before the error is written.
        self.progress().end();
        let mut stderr = anstream::stderr().lock();
        writeln!(stderr, "{ERROR}error:{ERROR:#} {}", one_line(&error.to_string()))?;
        for cause in causes(error) {
            writeln!(stderr, "caused by: {}", one_line(&cause))?;
        }
        for query in error.queries() {
            writeln!(stderr, "find all: {}", one_line(query))?;
        }
        match mlflow_migrate::hint(error) {
            Some(hint) => writeln!(stderr, "{HINT}hint:{HINT:#} {}", one_line(&hint)),
            None => Ok(()),
        }
    }
}
