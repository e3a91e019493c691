//! Text: progress and notes on stderr, results on stdout.

mod abort;
mod check;
mod current;
mod diff;
mod doctor;
mod estimate;
mod history;
mod plan;
mod repair;
mod restore;
mod show;
mod sql;
mod stamp;
mod status;
mod upgrade;
mod verify;

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use clap::builder::styling::{AnsiColor, Style};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Event, Observer};

use super::progress::{StepDisplay, write_line};
use super::visible::{self, one_line};
use super::{Renderer, causes, unless_reader_is_gone, words};
use crate::outcome::{OfDatabase, Outcome, Planned};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The duration in seconds from which a terminal shows a step; a log shows every step.
///
/// A terminal also shows every step that wrote rows.
const WORTH_A_LINE: f64 = 0.1;

/// The renderer for people.
pub(super) struct Text {
    quiet: bool,
    on_terminal: bool,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    steps: usize,
    display: Option<StepDisplay>,
}

impl Text {
    pub(super) fn new(quiet: bool, on_terminal: bool) -> Self {
        Self { quiet, on_terminal, running: Mutex::default() }
    }

    fn show(&self, running: &mut Running, event: &Event) {
        match event {
            Event::Planned { to, revision_count, step_count, releases, outdated, .. } => {
                let to = words::revision(to.as_deref());
                let revisions = words::count(*revision_count as u64, "revision");
                let steps = words::count(*step_count as u64, "step");
                write_line(&format!("upgrading to {to}: {revisions} in {steps}"));
                words::fitting_afterwards(releases, outdated)
                    .iter()
                    .for_each(|line| write_line(line));
            }
            Event::Repairing { revision, repairs, step_count } => {
                let at = words::revision(revision.as_deref());
                let steps = words::count(*step_count as u64, "step");
                write_line(&format!("repairing at {at} in {steps}:"));
                repairs.iter().for_each(|repair| write_line(&format!("  {}", one_line(repair))));
            }
            Event::Notice { message } => running.write(&format!("note: {message}")),
            Event::Retrying { problem, wait_seconds } => {
                running.display = None;
                let (problem, wait) = (one_line(problem), words::duration(*wait_seconds));
                write_line(&format!("note: {problem}; trying again in {wait}"));
            }
            Event::StepStarted { step, step_count, title } => {
                running.steps = *step_count;
                let heading = format!("{} {title}", running.number(*step));
                running.display = Some(match self.on_terminal {
                    true => StepDisplay::bar(&heading),
                    false => StepDisplay::lines(&heading),
                });
            }
            Event::Progress { done, total, .. } => {
                if let Some(display) = &mut running.display {
                    display.progress(*done, *total);
                }
            }
            Event::StepFinished { step, title, rows, seconds } => {
                running.display = None;
                if self.on_terminal && *seconds < WORTH_A_LINE && rows.is_none_or(|rows| rows == 0)
                {
                    return;
                }
                let rows =
                    rows.map_or(String::new(), |rows| format!(", {}", words::count(rows, "row")));
                let time = words::duration(*seconds);
                write_line(&format!("{} {title}: {time}{rows}", running.number(*step)));
            }
            Event::Verified { seconds } => {
                write_line(&format!(
                    "verified schema and row counts: {}",
                    words::duration(*seconds)
                ));
            }
            _ => {}
        }
    }
}

impl Running {
    fn number(&self, step: usize) -> String {
        let width = self.steps.to_string().len();
        format!("[{step:>width$}/{}]", self.steps)
    }

    fn write(&self, line: &str) {
        match &self.display {
            Some(display) => display.interrupt(line),
            None => write_line(line),
        }
    }
}

impl Observer for Text {
    fn notify(&self, event: &Event) {
        if !self.quiet {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            self.show(&mut running, event);
        }
    }
}

impl Renderer for Text {
    fn outcome(&self, outcome: &Outcome) -> io::Result<()> {
        let mut text = Vec::new();
        match outcome {
            Outcome::Sql(script) => return unless_reader_is_gone(sql::write(script, &[])),
            Outcome::Plan(OfDatabase {
                result: Planned { sql: Some(script), preview }, ..
            }) => {
                return unless_reader_is_gone(sql::write(script, &preview.findings));
            }
            Outcome::Finished(finished) => upgrade::write(&mut text, finished)?,
            Outcome::Current(current) => current::write(&mut text, current)?,
            Outcome::History(history) => history::write(&mut text, history)?,
            Outcome::Plan(plan) => plan::write(&mut text, plan)?,
            Outcome::Show(shown) => show::write(&mut text, shown)?,
            Outcome::Check(check) => check::write(&mut text, check)?,
            Outcome::Estimate(estimate) => estimate::write(&mut text, estimate)?,
            Outcome::Doctor(found) => doctor::write(&mut text, found)?,
            Outcome::Verify(found) => verify::write(&mut text, found)?,
            Outcome::Status(status) => status::write(&mut text, status)?,
            Outcome::Diff(diff) => diff::write(&mut text, diff)?,
            Outcome::Repair(repaired) => repair::write(&mut text, repaired)?,
            Outcome::Stamp(stamped) => stamp::write(&mut text, stamped)?,
            Outcome::Abort(aborted) => abort::write(&mut text, aborted)?,
            Outcome::Restore(restored) => restore::write(&mut text, restored)?,
            Outcome::Completions(generated) | Outcome::Man(generated) => {
                text.write_all(generated.text.as_bytes())?;
            }
        }
        let text = visible::lines(&String::from_utf8_lossy(&text));
        let mut stdout = anstream::stdout().lock();
        unless_reader_is_gone(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    fn error(&self, error: &Error, _: u8) -> io::Result<()> {
        // Removes the failed step's bar before the error is written.
        self.running.lock().unwrap_or_else(PoisonError::into_inner).display = None;
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
