//! The text of a running step, fitted into the width of a terminal.

use std::time::Duration;

use mlflow_migrate_core::event::{Amount, Phase, Unit, Wait, WaitReason};

use crate::clock;
use crate::render::words::number;

/// The room from which a title is worth its place.
const LEAST_TITLE: usize = 12;

/// The room from which a bar is worth its place, and the most that a bar takes.
const LEAST_BAR: usize = 12;
const MOST_BAR: usize = 32;

const BETWEEN: &str = " · ";

/// What a line says about a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// The number of the step: `[ 3/74]`.
    pub(super) number: String,
    /// What the step does: `change table metrics`.
    pub(super) title: String,
    /// The phase, in the two forms of `describe`.
    pub(super) work: [String; 2],
    /// The part that is done, between 0 and 1.
    pub(super) part: Option<f64>,
    pub(super) rate: Option<String>,
    pub(super) elapsed: Option<String>,
    pub(super) left: Option<String>,
}

impl Line {
    /// Returns the line, not wider than `width` columns.
    ///
    /// The less important a part is, the earlier it gives way: the bar, the rate, the exact numbers,
    /// the time that has passed, the title.
    pub(super) fn fit(&self, width: usize) -> String {
        let [long, short] = self.work.each_ref().map(String::as_str);
        let (rate, elapsed) = (self.rate.as_deref(), self.elapsed.as_deref());
        let left = self.left.as_deref();
        let forms = [
            [Some(long), rate, elapsed, left],
            [Some(long), None, elapsed, left],
            [Some(short), None, elapsed, left],
            [Some(short), None, None, left],
        ];
        let forms = forms.map(joined);
        let least = columns(&self.title).min(LEAST_TITLE);
        let with_title = |form: &&String| self.room(width, form).is_some_and(|room| room >= least);
        if let Some(form) = forms.iter().find(with_title) {
            let room = self.room(width, form).unwrap_or(0);
            return self.with_title(form, room);
        }
        let bare = forms.iter().map(|form| spaced(&self.number, form));
        let mut bare = bare.filter(|line| columns(line) <= width);
        bare.next().unwrap_or_else(|| cut(&spaced(&self.number, &forms[3]), width))
    }

    /// Returns the line about a wait: whoever is waited for gives way to the time that is left.
    pub(super) fn fit_wait(&self, width: usize) -> String {
        let left = self.left.as_deref().map_or(String::new(), |left| format!(", {left}"));
        let room = width.saturating_sub(columns(&left));
        let heading = spaced(&self.number, &self.title);
        let whole = joined([Some(&heading), Some(&self.work[0]), None, None]);
        let text = match columns(&whole) <= room {
            true => whole,
            false => cut(&spaced(&self.number, &self.work[0]), room),
        };
        cut(&(text + &left), width)
    }

    /// Returns the room for a title beside the number and a form of the rest.
    fn room(&self, width: usize, form: &str) -> Option<usize> {
        let between = if form.is_empty() || self.title.is_empty() { "" } else { BETWEEN };
        let number = if self.number.is_empty() { 0 } else { columns(&self.number) + 1 };
        width.checked_sub(number + columns(between) + columns(form))
    }

    fn with_title(&self, form: &str, room: usize) -> String {
        let title = cut_start(&self.title, room);
        let spare = (room - columns(&title)).saturating_sub(1);
        let head = spaced(&self.number, &title);
        match self.part.filter(|_| spare >= LEAST_BAR && !title.is_empty()) {
            Some(part) => format!("{head} {}{BETWEEN}{form}", bar(part, spare.min(MOST_BAR))),
            None if head.is_empty() || form.is_empty() => head + form,
            None if title.is_empty() => format!("{head} {form}"),
            None => format!("{head}{BETWEEN}{form}"),
        }
    }
}

fn joined(parts: [Option<&str>; 4]) -> String {
    let parts: Vec<&str> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    parts.join(BETWEEN)
}

fn spaced(one: &str, two: &str) -> String {
    if one.is_empty() || two.is_empty() { format!("{one}{two}") } else { format!("{one} {two}") }
}

fn columns(text: &str) -> usize {
    console::measure_text_width(text)
}

fn cut(text: &str, width: usize) -> String {
    console::truncate_str(text, width, if width > 1 { "…" } else { "" }).into_owned()
}

/// Cuts the start off a text: the end of a title names the table.
fn cut_start(text: &str, room: usize) -> String {
    let mut kept = text;
    while columns(kept) > room.saturating_sub(usize::from(kept.len() < text.len())) {
        let mut characters = kept.chars();
        if characters.next().is_none() {
            break;
        }
        kept = characters.as_str();
    }
    match kept.len() == text.len() || kept.is_empty() {
        true => kept.to_owned(),
        false => format!("…{kept}"),
    }
}

fn bar(part: f64, width: usize) -> String {
    let full = (part.clamp(0.0, 1.0) * width as f64) as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(width - full))
}

/// Describes the work of a step in a long and a short form.
pub(super) fn describe(phase: Option<&Phase>, amount: Option<Amount>) -> [String; 2] {
    let name = phase.map_or(String::new(), phase_name);
    let Some(amount) = amount else { return [name.clone(), name] };
    let unit = match amount.unit {
        Unit::Rows => "rows",
        Unit::Blocks => "blocks",
        _ => "units",
    };
    let done = number(amount.done);
    let long = match amount.total {
        Some(total) if amount.is_estimate => {
            format!("{unit} {done} of about {}", number(rounded(total)))
        }
        Some(total) => format!("{unit} {done} of {}", number(total)),
        None => format!("{unit} {done}"),
    };
    let short = match part(amount) {
        Some(part) if amount.is_estimate => format!("about {:.0} %", part * 100.0),
        Some(part) => format!("{:.0} %", part * 100.0),
        None => done,
    };
    [spaced(&name, &long), spaced(&name, &short)]
}

/// Returns the part that is done, where the total is known.
pub(super) fn part(amount: Amount) -> Option<f64> {
    let total = amount.total.filter(|total| *total > 0)?;
    Some((amount.done as f64 / total as f64).min(1.0))
}

fn phase_name(phase: &Phase) -> String {
    match phase {
        Phase::Changing => "changing".to_owned(),
        Phase::Copying => "copying".to_owned(),
        Phase::BuildingIndex { number, count } => format!("building index {number} of {count}"),
        Phase::BuildingIndexes { count: 1 } => "building 1 index".to_owned(),
        Phase::BuildingIndexes { count } => format!("building {count} indexes"),
        Phase::Checking => "checking".to_owned(),
        Phase::Server { name } => name.clone(),
        _ => String::new(),
    }
}

/// Rounds an estimate to three digits: more would only seem exact.
fn rounded(estimate: u64) -> u64 {
    let unit = 10_u64.pow(estimate.max(1).ilog10().saturating_sub(2));
    (estimate + unit / 2) / unit * unit
}

/// Formats a time that is counted while people watch: `12 s`, `2 min 3 s`, `1 h 2 min`.
pub(super) fn clock_time(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Formats how many rows are done in a second: `8,900/s`.
pub(super) fn rate(rate: f64) -> String {
    format!("{}/s", number(rounded(rate.round() as u64)))
}

/// Describes a wait, without its limit.
pub(in crate::render) fn waiting(wait: &Wait) -> String {
    let began = wait
        .began_ms
        .map_or(String::new(), |began| format!(" that began at {}", clock::moment(began)));
    let what = match wait.reason {
        WaitReason::Lock if wait.holders.is_empty() => "waiting for a lock".to_owned(),
        WaitReason::Lock => "waiting for".to_owned(),
        WaitReason::Load => "waiting for less load".to_owned(),
        WaitReason::MlflowUpgrade => "waiting for MLflow's own upgrade:".to_owned(),
        _ => format!("waiting for another upgrade{began}:"),
    };
    match wait.holders.is_empty() {
        true => what.trim_end_matches(':').to_owned(),
        false => format!("{what} {}", wait.holders.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mlflow_migrate_core::event::{Amount, Phase};

    use super::{Line, clock_time, columns, describe, part, rate, rounded};

    fn line(amount: Amount) -> Line {
        Line {
            number: "[ 3/74]".to_owned(),
            title: "change table metrics".to_owned(),
            work: describe(Some(&Phase::Copying), Some(amount)),
            part: part(amount),
            rate: Some(rate(8912.0)),
            elapsed: Some(clock_time(Duration::from_secs(52))),
            left: Some(format!("{} left", clock_time(Duration::from_secs(8)))),
        }
    }

    #[test]
    fn a_line_keeps_what_matters_most() {
        let line = line(Amount::rows_of_about(466_860, 533_971));
        let expected = [
            (
                140,
                "[ 3/74] change table metrics ███████████████████████████░░░░░ · copying rows 466,860 of about 534,000 · 8,910/s · 52 s · 8 s left",
            ),
            (
                80,
                "[ 3/74] …table metrics · copying rows 466,860 of about 534,000 · 52 s · 8 s left",
            ),
            (60, "[ 3/74] …able metrics · copying about 87 % · 52 s · 8 s left"),
            (40, "[ 3/74] copying about 87 % · 8 s left"),
            (20, "[ 3/74] copying abo…"),
        ];
        for (width, expected) in expected {
            assert_eq!(line.fit(width), expected, "{width}");
        }
    }

    #[test]
    fn no_line_is_too_wide() {
        let amounts = [
            Amount::rows(0, None),
            Amount::rows(0, Some(9)),
            Amount::rows_of_about(466_860, 533_971),
            Amount::rows(u64::MAX, None),
        ];
        let titles = ["", "change table metrics", "compute the costs of spans — 価格を計算する"];
        for amount in amounts {
            for title in titles {
                for width in 0..200 {
                    let line = Line { title: title.to_owned(), ..line(amount) };
                    let fitted = line.fit(width);
                    assert!(columns(&fitted) <= width, "{width}: {fitted}");
                }
            }
        }
    }

    #[test]
    fn an_estimate_is_not_exact() {
        let written = [0, 9, 99, 999, 1004, 1005, 533_971, 999_999].map(rounded);
        assert_eq!(written, [0, 9, 99, 999, 1000, 1010, 534_000, 1_000_000]);
        let [long, short] = describe(None, Some(Amount::rows_of_about(600, 500)));
        assert_eq!((long.as_str(), short.as_str()), ("rows 600", "600"));
    }
}
