//! Predicts seconds from what a sample took.

use serde::Serialize;

use crate::backend::Measured;

/// How far the work on all rows may exceed what follows from a sample.
///
/// The sample lies in memory, and is written without a log.
const MARGIN: f64 = 2.0;

/// A prediction of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Seconds {
    /// The least time that is likely.
    pub low: f64,
    /// The predicted time.
    pub expected: f64,
    /// The most time that is likely.
    pub high: f64,
}

impl Seconds {
    /// Returns a time that was measured, and not scaled.
    pub(super) fn exactly(seconds: f64) -> Self {
        Self { low: seconds / MARGIN, expected: seconds, high: seconds * MARGIN }
    }

    /// Scales the time of a sample's rows to all rows of a table.
    ///
    /// Work grows with the rows at least, and with sorting them at most.
    pub(super) fn scaled(seconds: f64, sampled: u64, rows: u64) -> Self {
        if sampled == 0 {
            return Self::default();
        }
        let linear = seconds * rows as f64 / sampled as f64;
        let logarithm = |rows: u64| (rows.max(2) as f64).log2();
        let sorted = linear * (logarithm(rows) / logarithm(sampled)).max(1.0);
        let expected = f64::midpoint(linear, sorted);
        Self { low: linear / MARGIN, expected, high: sorted * MARGIN }
    }

    /// Returns the time of work that was not measured, at the rate of other work.
    pub(super) fn linear(seconds_a_row: f64, rows: u64) -> Self {
        Self::exactly(seconds_a_row * rows as f64)
    }

    /// Returns the time that work on all rows of a table takes.
    pub(super) fn of_work(measured: &Measured, rows: u64) -> Self {
        let growing = (measured.working - measured.fixed).max(0.0);
        Self::scaled(growing, measured.rows, rows).and(Self::exactly(measured.fixed))
    }

    /// Returns the time that copying all rows of a table takes.
    pub(super) fn of_copying(measured: &Measured, rows: u64) -> Self {
        Self::scaled(measured.filling, measured.rows, rows)
    }

    /// Adds a time.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            low: self.low + other.low,
            expected: self.expected + other.expected,
            high: self.high + other.high,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Measured, Seconds};

    #[test]
    fn work_grows_with_the_rows_and_with_sorting_them() {
        let measured = Measured { rows: 1024, working: 1.5, fixed: 0.5, ..Measured::default() };
        let same = Seconds::of_work(&measured, 1024);
        assert_eq!((same.low, same.expected, same.high), (0.75, 1.5, 3.0));
        let larger = Seconds::of_work(&measured, 1 << 20);
        assert_eq!(larger.expected, 1024.0 * 1.5 + 0.5);
        assert!(larger.low < 1024.0 && larger.high > 4096.0, "{larger:?}");
    }

    #[test]
    fn an_empty_sample_and_noise_predict_nothing_below_zero() {
        assert_eq!(Seconds::scaled(1.0, 0, 9), Seconds::default());
        let noisy = Measured { rows: 9, working: 0.1, fixed: 0.3, ..Measured::default() };
        assert_eq!(Seconds::of_work(&noisy, 9), Seconds::exactly(0.3));
    }
}
