//! Text: progress and notes on stderr, results on stdout.

mod abort;
mod check;
mod cleanup;
mod copy;
mod current;
mod diff;
mod doctor;
mod downgrade;
mod estimate;
mod history;
mod plan;
mod prepare;
mod problems;
mod repair;
mod restore;
mod show;
mod sql;
mod stamp;
mod status;
mod steps;
mod upgrade;
mod verify;

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use clap::builder::styling::{AnsiColor, Style};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::CopyError;
use mlflow_migrate_core::event::{Event, Observer};

use self::steps::Steps;
use super::visible::{self, one_line};
use super::{Renderer, causes, unless_reader_is_gone};
use crate::outcome::{OfDatabase, Outcome, Planned};

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// The renderer for people.
pub(super) struct Text {
    quiet: bool,
    progress: Mutex<Steps>,
    /// How many lines of a result stand on the terminal that the next one replaces.
    shown_lines: Mutex<usize>,
}

impl Text {
    pub(super) fn new(quiet: bool, verbose: bool, on_terminal: bool) -> Self {
        let progress = Mutex::new(Steps::new(verbose, on_terminal));
        Self { quiet, progress, shown_lines: Mutex::default() }
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
        let shown =
            std::mem::take(&mut *self.shown_lines.lock().unwrap_or_else(PoisonError::into_inner));
        // A script goes out as it is: nothing of it is escaped for a terminal.
        match outcome {
            Outcome::Sql(script) => return unless_reader_is_gone(sql::write(script, &[])),
            Outcome::Plan(OfDatabase {
                result: Planned { sql: Some(script), preview }, ..
            }) => {
                return unless_reader_is_gone(sql::write(script, &preview.findings));
            }
            _ => {}
        }
        let text = text_of(outcome)?;
        if self.redraws() {
            unless_reader_is_gone(io::stdout().write_all(back_over(shown).as_bytes()))?;
        }
        let mut stdout = anstream::stdout().lock();
        unless_reader_is_gone(stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()))
    }

    fn interim(&self, outcome: &Outcome) -> io::Result<()> {
        let text = text_of(outcome)?;
        let mut shown = self.shown_lines.lock().unwrap_or_else(PoisonError::into_inner);
        let mut stdout = io::stdout().lock();
        let whole = match self.redraws() {
            true => format!("{}{text}", back_over(std::mem::take(&mut *shown))),
            false => text.split_inclusive('\n').next().unwrap_or_default().to_owned(),
        };
        *shown = rows_of(&text);
        unless_reader_is_gone(stdout.write_all(whole.as_bytes()).and_then(|()| stdout.flush()))
    }

    fn redraws(&self) -> bool {
        io::stdout().is_terminal()
    }

    fn error(&self, error: &Error, _: u8) -> io::Result<()> {
        // Removes the failed step's bar before the error is written.
        self.progress().end();
        let mut stderr = anstream::stderr().lock();
        writeln!(stderr, "{ERROR}error:{ERROR:#} {}", one_line(&error.to_string()))?;
        for cause in causes(error) {
            writeln!(stderr, "caused by: {}", one_line(&cause))?;
        }
        if let Error::Copy(CopyError::Uncopied { findings }) = error {
            copy::write_findings(&mut stderr, findings)?;
        } else {
            for query in error.queries() {
                writeln!(stderr, "find all: {}", one_line(query))?;
            }
        }
        match mlflow_migrate::hint(error) {
            Some(hint) => writeln!(stderr, "{HINT}hint:{HINT:#} {}", one_line(&hint)),
            None => Ok(()),
        }
    }
}

/// Returns a result as text.
fn text_of(outcome: &Outcome) -> io::Result<String> {
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
        Outcome::Sql(script) => sql::write(script, &[])?,
        Outcome::Show(shown) => show::write(&mut text, shown)?,
        Outcome::Diff(diff) => diff::write(&mut text, diff)?,
        Outcome::Prepare(prepared) => prepare::write(&mut text, prepared)?,
        Outcome::Cleanup(cleaned) => cleanup::write(&mut text, cleaned)?,
        Outcome::Repair(repaired) => repair::write(&mut text, repaired)?,
        Outcome::Stamp(stamped) => stamp::write(&mut text, stamped)?,
        Outcome::Downgrade(done) => downgrade::write(&mut text, done)?,
        Outcome::DowngradePreview(found) => downgrade::write_preview(&mut text, found)?,
        Outcome::Abort(aborted) => abort::write(&mut text, aborted)?,
        Outcome::Restore(restored) => restore::write(&mut text, restored)?,
        Outcome::Copy(copied) => copy::write(&mut text, copied)?,
        Outcome::CopyPreview(found) => copy::write_preview(&mut text, found)?,
        Outcome::CopyComparison(found) => copy::write_comparison(&mut text, found)?,
        Outcome::Graphs(outcomes) => {
            for (graph, outcome) in outcomes {
                if outcomes.len() > 1 {
                    writeln!(text, "{}:", graph.owner())?;
                }
                text.write_all(text_of(outcome)?.as_bytes())?;
            }
        }
        Outcome::Completions(generated) | Outcome::Man(generated) => {
            text.write_all(generated.text.as_bytes())?;
        }
    }
    Ok(visible::lines(&String::from_utf8_lossy(&text)))
}

/// Returns how many rows of the terminal a text takes.
fn rows_of(text: &str) -> usize {
    let columns = usize::from(console::Term::stdout().size().1).max(1);
    let rows = text.lines().map(|line| console::measure_text_width(line).div_ceil(columns).max(1));
    rows.sum()
}

/// Returns what a terminal needs to clear this number of lines above the cursor.
fn back_over(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}F\x1b[J") }
}
