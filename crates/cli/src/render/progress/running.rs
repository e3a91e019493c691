//! What is known of the running step.

use std::time::{Duration, Instant};

use mlflow_migrate_core::event::{Amount, Phase, Wait};

use super::line::{Line, clock_time, describe, part, rate, waiting};
use super::pace::Pace;

/// The running step, or a wait before the first one.
#[derive(Debug)]
pub(super) struct RunningStep {
    number: String,
    title: String,
    began: Instant,
    phase: Option<Phase>,
    phase_began: Instant,
    pace: Pace,
    wait: Option<(Wait, Instant)>,
}

impl RunningStep {
    pub(super) fn new(number: &str, title: &str) -> Self {
        let now = Instant::now();
        Self {
            number: number.to_owned(),
            title: title.to_owned(),
            began: now,
            phase: None,
            phase_began: now,
            pace: Pace::default(),
            wait: None,
        }
    }

    pub(super) fn heading(&self) -> String {
        format!("{} {}", self.number, self.title).trim().to_owned()
    }

    /// Begins a phase, and returns whether the phase is a new one.
    ///
    /// The server's own word for a statement says less than the phase of the statement.
    pub(super) fn enter(&mut self, phase: Phase) -> bool {
        let is_known = match (&self.phase, &phase) {
            (Some(known), Phase::Server { .. }) => {
                *known == phase || !matches!(known, Phase::Changing | Phase::Server { .. })
            }
            (known, _) => known.as_ref() == Some(&phase),
        };
        if !is_known {
            self.phase = Some(phase);
            self.phase_began = Instant::now();
            self.pace = Pace::default();
        }
        !is_known
    }

    pub(super) fn take(&mut self, amount: Amount) {
        self.pace.take(self.phase_began.elapsed(), amount);
    }

    pub(super) fn wait(&mut self, wait: Option<Wait>) {
        self.wait = wait.map(|wait| (wait, Instant::now()));
    }

    /// Returns the line for a terminal, not wider than `width` columns.
    pub(super) fn line(&self, width: usize) -> String {
        if let Some((wait, since)) = &self.wait {
            let text = waiting(wait);
            let line = Line {
                number: self.number.clone(),
                title: self.title.clone(),
                work: [text.clone(), text],
                left: time_left(wait, since.elapsed()).map(left),
                ..Line::default()
            };
            return line.fit_wait(width);
        }
        let amount = self.pace.amount();
        let line = Line {
            number: self.number.clone(),
            title: self.title.clone(),
            work: describe(self.phase.as_ref(), amount),
            part: amount.and_then(part),
            rate: self.pace.rate().map(rate),
            elapsed: Some(clock_time(self.began.elapsed())),
            left: self.pace.left(self.phase_began.elapsed()).map(left),
        };
        line.fit(width)
    }

    /// Returns the line for a log.
    pub(super) fn log_line(&self) -> String {
        let [work, _] = describe(self.phase.as_ref(), self.pace.amount());
        let rate = self.pace.rate().map(rate);
        let left = self.pace.left(self.phase_began.elapsed()).map(left);
        let parts = [Some(work), rate, left];
        let parts: Vec<String> = parts.into_iter().flatten().filter(|it| !it.is_empty()).collect();
        format!("{}: {}", self.heading(), parts.join(", "))
    }
}

fn left(time: Duration) -> String {
    format!("{} left", clock_time(time))
}

/// Returns how long a wait lasts at most from now on.
fn time_left(wait: &Wait, since: Duration) -> Option<Duration> {
    let limit = Duration::from_secs(wait.limit_seconds?);
    let waited = Duration::from_secs(wait.waited_seconds) + since;
    Some(limit.saturating_sub(waited))
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::event::Phase;

    use super::RunningStep;

    #[test]
    fn the_servers_word_takes_the_place_of_a_vague_phase_only() {
        let mut step = RunningStep::new("", "");
        let server = |name: &str| Phase::Server { name: name.to_owned() };
        let phases = [
            (Phase::Changing, true),
            (server("copy to tmp table"), true),
            (server("copy to tmp table"), false),
            (server("altering table"), true),
            (Phase::BuildingIndexes { count: 2 }, true),
            (server("altering table"), false),
            (Phase::BuildingIndexes { count: 2 }, false),
            (Phase::Checking, true),
        ];
        for (phase, is_new) in phases {
            assert_eq!(step.enter(phase.clone()), is_new, "{phase:?}");
        }
    }
}
