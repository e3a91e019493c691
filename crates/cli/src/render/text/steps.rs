//! Shows an upgrade on stderr while it runs.
//!
//! Steps that take no time are only counted, and one line sums them up.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mlflow_migrate_core::event::{Event, StepKind, Wait};

use crate::render::progress::{StepDisplay, log_of_wait, waiting, write_line, write_timed};
use crate::render::visible::one_line;
use crate::render::words;

/// The duration in seconds from which a step gets a line of its own.
///
/// On a terminal, a step that wrote rows gets one in any case; with `-v`, every step does.
const WORTH_A_LINE: f64 = 0.1;

/// What is shown of a running upgrade.
pub(super) struct Steps {
    verbose: bool,
    on_terminal: bool,
    steps: usize,
    display: Option<StepDisplay>,
    /// What the upgrade waits for, outside of a step.
    wait: Option<Wait>,
    quick: Arc<Mutex<QuickSteps>>,
}

/// Steps that took no time, and had no line yet.
#[derive(Debug, Default)]
struct QuickSteps {
    counts: BTreeMap<StepKind, u64>,
    seconds: f64,
}

impl Steps {
    pub(super) fn new(verbose: bool, on_terminal: bool) -> Self {
        let (display, wait) = (None, None);
        Self { verbose, on_terminal, steps: 0, display, wait, quick: Arc::default() }
    }

    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Planned {
                to,
                is_downgrade,
                revision_count,
                step_count,
                releases,
                outdated,
                ..
            } => {
                let to = words::revision(to.as_deref());
                let revisions = words::count(*revision_count as u64, "revision");
                let steps = words::count(*step_count as u64, "step");
                let how = if *is_downgrade { "downgrading" } else { "upgrading" };
                self.line(&format!("{how} to {to}: {revisions} in {steps}"));
                words::fitting_afterwards(releases, outdated).iter().for_each(|one| self.line(one));
            }
            Event::Repairing { revision, repairs, step_count } => {
                let at = words::revision(revision.as_deref());
                let steps = words::count(*step_count as u64, "step");
                self.line(&format!("repairing at {at} in {steps}:"));
                repairs.iter().for_each(|repair| self.line(&format!("  {}", one_line(repair))));
            }
            Event::Copying { source, revision, table_count, step_count } => {
                let at = words::revision(revision.as_deref());
                let tables = words::count(*table_count as u64, "table");
                let steps = words::count(*step_count as u64, "step");
                let source = one_line(source);
                self.line(&format!("copying {tables} of {source} at {at} in {steps}"));
            }
            Event::Notice { message } => self.note(message),
            Event::Omitted(omission) => {
                let examples = omission.examples.join(", ");
                self.note(&one_line(&format!("left out {omission} ({examples})")));
            }
            Event::Retrying { problem, wait_seconds } => {
                self.end();
                let (problem, wait) = (one_line(problem), words::duration(*wait_seconds));
                write_line(&format!("note: {problem}; trying again in {wait}"));
            }
            Event::StepStarted { step, step_count, title, .. } => {
                self.steps = *step_count;
                self.wait = None;
                self.display = Some(self.display_of(*step, title));
            }
            Event::Phase { phase, .. } => {
                if let Some(display) = &mut self.display {
                    display.phase(phase);
                }
            }
            Event::Progress { amount, .. } => {
                if let Some(display) = &mut self.display {
                    display.progress(*amount);
                }
            }
            Event::Waiting(wait) => self.wait(wait),
            Event::WaitOver { waited_seconds } => self.wait_is_over(*waited_seconds),
            Event::StepFinished { step, title, kind, rows, seconds } => {
                self.display = None;
                self.finished(*step, title, *kind, *rows, *seconds);
            }
            Event::Verified { seconds } => {
                flush(&self.quick);
                let seconds = words::duration(*seconds);
                self.line(&format!("verified schema and row counts: {seconds}"));
            }
            _ => {}
        }
    }

    /// Ends the display of a running step, or of a wait.
    pub(super) fn end(&mut self) {
        self.display = None;
        self.wait = None;
        if !self.on_terminal {
            flush(&self.quick);
        }
    }

    fn line(&self, line: &str) {
        if self.on_terminal { write_line(line) } else { write_timed(line) }
    }

    fn note(&self, message: &str) {
        let line = format!("note: {message}");
        match &self.display {
            Some(display) => display.interrupt(&line),
            None => write_line(&line),
        }
    }

    fn number(&self, step: usize) -> String {
        let width = self.steps.to_string().len();
        format!("[{step:>width$}/{}]", self.steps)
    }

    fn display_of(&self, step: usize, title: &str) -> StepDisplay {
        let number = self.number(step);
        if self.on_terminal {
            return StepDisplay::bar(&number, title);
        }
        let quick = Arc::clone(&self.quick);
        StepDisplay::lines(&number, title, move || flush(&quick))
    }

    fn wait(&mut self, wait: &Wait) {
        match &mut self.display {
            Some(display) if self.wait.is_none() => display.wait(Some(wait)),
            _ if self.on_terminal => {
                let display = self.display.get_or_insert_with(StepDisplay::bar_of_wait);
                display.wait(Some(wait));
                self.wait = Some(wait.clone());
            }
            _ => {
                write_timed(&log_of_wait("", wait));
                self.wait = Some(wait.clone());
            }
        }
    }

    fn wait_is_over(&mut self, waited_seconds: f64) {
        let Some(wait) = self.wait.take() else {
            if let Some(display) = &mut self.display {
                display.wait(None);
            }
            return;
        };
        self.display = None;
        let what = waiting(&wait);
        let what = what.strip_prefix("waiting").unwrap_or(&what).trim_end_matches(':');
        self.line(&format!("waited {}{what}", words::duration(waited_seconds)));
    }

    fn finished(
        &mut self,
        step: usize,
        title: &str,
        kind: StepKind,
        rows: Option<u64>,
        seconds: f64,
    ) {
        let wrote_rows = rows.is_some_and(|rows| rows > 0);
        let is_shown = self.verbose || seconds >= WORTH_A_LINE || self.on_terminal && wrote_rows;
        if !is_shown {
            if !self.on_terminal {
                let mut quick = self.quick.lock().unwrap_or_else(PoisonError::into_inner);
                *quick.counts.entry(kind).or_default() += 1;
                quick.seconds += seconds;
            }
            return;
        }
        flush(&self.quick);
        let rows = rows.map_or(String::new(), |rows| format!(", {}", words::count(rows, "row")));
        let time = words::duration(seconds);
        self.line(&format!("{} {title}: {time}{rows}", self.number(step)));
    }
}

/// Writes the line that sums up the quick steps so far, if there were any.
fn flush(quick: &Mutex<QuickSteps>) {
    let quick = std::mem::take(&mut *quick.lock().unwrap_or_else(PoisonError::into_inner));
    if !quick.counts.is_empty() {
        write_timed(&quick.describe());
    }
}

impl QuickSteps {
    fn describe(&self) -> String {
        let parts = self.counts.iter().map(|(kind, count)| match kind {
            StepKind::RemoveLeftovers => "removed leftovers".to_owned(),
            StepKind::CreateTable => format!("created {}", words::count(*count, "table")),
            StepKind::ChangeTable => format!("changed {}", words::count(*count, "table")),
            StepKind::DropTable => format!("dropped {}", words::count(*count, "table")),
            StepKind::OnlineChange => format!("made {}", words::count(*count, "change")),
            StepKind::DataMigration => format!("ran {}", words::count(*count, "data migration")),
            StepKind::CreateTables => "created the tables".to_owned(),
            StepKind::CheckRows => "checked the rows".to_owned(),
            StepKind::AddConstraints => "made indexes and constraints".to_owned(),
            StepKind::CopyRows => format!("copied {}", words::count(*count, "table")),
            _ => format!("did {}", words::count(*count, "step")),
        });
        let parts: Vec<String> = parts.collect();
        format!("{}: {}", parts.join(", "), words::duration(self.seconds))
    }
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::event::StepKind;

    use super::QuickSteps;

    #[test]
    fn quick_steps_are_summed_up() {
        let counts =
            [(StepKind::DataMigration, 2), (StepKind::CreateTable, 64), (StepKind::ChangeTable, 1)];
        let quick = QuickSteps { counts: counts.into(), seconds: 0.104 };
        let expected = "created 64 tables, changed 1 table, ran 2 data migrations: 0.10 s";
        assert_eq!(quick.describe(), expected);
    }
}
