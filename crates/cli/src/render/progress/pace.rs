//! How fast a phase is, and how long it has left.

use std::time::Duration;

use mlflow_migrate_core::event::Amount;

/// How long a phase works before its pace says something.
const LEAST_TIME: Duration = Duration::from_secs(3);

/// A phase says nothing before one part in this number is done.
const LEAST_PART: u64 = 33;

/// The least time between two corrections of the end to a later moment.
const CALM: Duration = Duration::from_secs(5);

/// How late a first report may be to count from the beginning of the phase.
const PROMPT: Duration = Duration::from_millis(1500);

/// The pace of one phase. All times count from the beginning of the phase.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// Where the pace counts from.
    first: Option<(Duration, u64)>,
    last: Option<(Duration, Amount)>,
    /// When the phase will end, as estimated.
    end: Option<Duration>,
    /// When the end was last corrected to a later moment.
    delayed_at: Duration,
}

impl Pace {
    /// Takes a report of how much is done.
    pub(super) fn take(&mut self, at: Duration, amount: Amount) {
        let known = self.last.map(|(_, last)| (last.unit, last.done));
        if known.is_none_or(|(unit, done)| unit != amount.unit || amount.done < done) {
            *self = Self::default();
            // A phase that is noticed late has done an unknown part before.
            let counts_from_start = known.is_none() && at >= PROMPT;
            self.first =
                Some(if counts_from_start { (Duration::ZERO, 0) } else { (at, amount.done) });
            self.delayed_at = at;
        }
        self.last = Some((at, amount));
        self.end = self.corrected_end(at, amount);
    }

    /// Returns how much is done.
    pub(super) fn amount(&self) -> Option<Amount> {
        self.last.map(|(_, amount)| amount)
    }

    /// Returns how much is done in a second, once that is known.
    pub(super) fn rate(&self) -> Option<f64> {
        let ((began, before), (at, amount)) = self.first.zip(self.last)?;
        let (time, done) = (at.saturating_sub(began), amount.done.saturating_sub(before));
        (at >= LEAST_TIME && done > 0 && !time.is_zero()).then(|| done as f64 / time.as_secs_f64())
    }

    /// Returns the time that is left at a moment; `None` as long as nobody can say.
    pub(super) fn left(&self, now: Duration) -> Option<Duration> {
        let left = self.end?.checked_sub(now)?;
        (left >= Duration::from_secs(1)).then_some(left)
    }

    /// Returns the estimated end after a report.
    ///
    /// An earlier end counts at once. A later one counts only if it is much later, and not often:
    /// a time that is left must not grow while the work keeps its pace.
    fn corrected_end(&mut self, at: Duration, amount: Amount) -> Option<Duration> {
        let total = amount.total.filter(|total| *total > amount.done)?;
        if amount.done < total / LEAST_PART {
            return None;
        }
        let left = (total - amount.done) as f64 / self.rate()?;
        let end = at.checked_add(Duration::try_from_secs_f64(left).ok()?)?;
        let Some(known) = self.end else { return Some(end) };
        let tolerated = known.saturating_sub(at).mul_f64(1.25) + Duration::from_secs(2);
        if end <= known {
            return Some(end);
        }
        if end.saturating_sub(at) > tolerated && at.saturating_sub(self.delayed_at) >= CALM {
            self.delayed_at = at;
            return Some(end);
        }
        Some(known)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mlflow_migrate_core::event::Amount;

    use super::Pace;

    /// What a terminal shows after each report: the seconds that are left.
    fn shown(reports: impl IntoIterator<Item = (f64, Amount)>) -> Vec<Option<f64>> {
        let mut pace = Pace::default();
        let reports = reports.into_iter().map(|(at, amount)| (Duration::from_secs_f64(at), amount));
        reports
            .map(|(at, amount)| {
                pace.take(at, amount);
                pace.left(at).map(|left| left.as_secs_f64())
            })
            .collect()
    }

    /// The most reports in a row after each of which more time is left than before.
    fn growing(shown: &[Option<f64>]) -> usize {
        let mut longest = 0;
        let mut run = 0;
        for pair in shown.windows(2) {
            run = if matches!(pair, [Some(one), Some(two)] if two > one) { run + 1 } else { 0 };
            longest = longest.max(run);
        }
        longest
    }

    #[test]
    fn nothing_is_said_before_something_is_known() {
        let cases: [(&str, &[(f64, Amount)]); 6] = [
            ("no row yet", &[(0.0, Amount::rows(0, Some(100))), (9.0, Amount::rows(0, Some(100)))]),
            ("too early", &[(0.0, Amount::rows(0, Some(100))), (2.0, Amount::rows(50, Some(100)))]),
            (
                "too little",
                &[(0.0, Amount::rows(0, Some(1000))), (9.0, Amount::rows(9, Some(1000)))],
            ),
            ("no total", &[(0.0, Amount::rows(0, None)), (9.0, Amount::rows(9, None))]),
            ("all done", &[(0.0, Amount::rows(0, Some(9))), (9.0, Amount::rows(9, Some(9)))]),
            (
                "more than all",
                &[(0.0, Amount::rows(0, Some(9))), (9.0, Amount::rows_of_about(12, 9))],
            ),
        ];
        for (name, reports) in cases {
            let shown = shown(reports.iter().copied());
            assert!(shown.iter().all(Option::is_none), "{name}: {shown:?}");
        }
    }

    #[test]
    fn at_a_constant_rate_the_time_left_falls_to_zero() {
        let total = 60_000;
        let shown = shown((0..=60_u64).map(|at| (at as f64, Amount::rows(at * 1000, Some(total)))));
        assert_eq!(shown[..3], [None, None, None]);
        for (at, left) in (0..).zip(&shown).skip(3).take(57) {
            let left = left.unwrap_or_else(|| panic!("nothing at {at}"));
            assert!((left - f64::from(60 - at)).abs() < 0.5, "{left} at {at}");
        }
        assert_eq!(shown[60], None);
    }

    #[test]
    fn at_a_constant_rate_the_time_left_does_not_grow_for_more_than_three_reports() {
        for workers in [1, 2, 4, 16] {
            for period in [0.05, 0.7, 1.4, 5.0, 11.0] {
                for late in [0, 3, 40] {
                    for error in [0.5, 0.87, 1.0, 1.14, 2.0] {
                        // Each worker reports a range of rows at the end of each period.
                        let ranges = 400_u64;
                        let reports = (late..ranges).map(|range| {
                            let at = (range / workers + 1) as f64 * period
                                + (range % workers) as f64 * 0.003 * period
                                - late as f64 * period / workers as f64;
                            let estimate = (ranges as f64 * 1000.0 * error) as u64;
                            (at, Amount::rows_of_about((range + 1) * 1000, estimate))
                        });
                        let reports: Vec<(f64, Amount)> = reports.collect();
                        if late > 0 && reports[0].0 >= 1.5 {
                            // Nothing is done before the first report of such a phase.
                            continue;
                        }
                        let shown = shown(reports);
                        let case = format!("{workers} workers, {period} s, {late}, {error}");
                        assert!(growing(&shown) <= 3, "{case}: {shown:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_pace_that_slows_down_is_admitted_but_not_at_every_report() {
        let reports = (0..600_u64).map(|at| {
            let done = (1.0 - (-(at as f64) / 200.0).exp()) * 1e6;
            (at as f64, Amount::rows(done as u64, Some(1_000_000)))
        });
        let shown = shown(reports);
        assert!(growing(&shown) <= 3, "{shown:?}");
        assert!(shown.windows(2).any(|pair| pair[1] > pair[0] && pair[0].is_some()), "{shown:?}");
    }

    #[test]
    fn between_reports_the_time_counts_down_and_then_nobody_can_say() {
        let mut pace = Pace::default();
        for (at, done) in [(0, 0), (5, 50)] {
            pace.take(Duration::from_secs(at), Amount::rows(done, Some(100)));
        }
        let left = |pace: &Pace, at| pace.left(Duration::from_secs(at)).map(|left| left.as_secs());
        assert_eq!(
            [5, 7, 9, 10, 30].map(|at| left(&pace, at)),
            [Some(5), Some(3), Some(1), None, None]
        );
    }
}
