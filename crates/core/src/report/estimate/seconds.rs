//! Predicts seconds from what samples took.

use serde::Serialize;

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
    /// Returns the least, the median and the most of several measurements.
    pub(super) fn measured(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        let last = times.len().saturating_sub(1);
        Self { low: at(0), expected: at(last / 2).midpoint(at(last.div_ceil(2))), high: at(last) }
    }

    /// Returns the mean of several measurements as the expected time.
    pub(super) fn averaged(times: Vec<f64>) -> Self {
        let mean = times.iter().sum::<f64>() / times.len().max(1) as f64;
        Self { expected: mean, ..Self::measured(times) }
    }

    /// Returns how often the least time fits into the most.
    pub(super) fn spread(self) -> f64 {
        if self.low > 0.0 { self.high / self.low } else { 1.0 }
    }

    /// Widens the range so that its ends are at least `factor` away from the expected time.
    pub(super) fn widened(self, factor: f64) -> Self {
        Self {
            low: self.low.min(self.expected / factor),
            high: self.high.max(self.expected * factor),
            ..self
        }
    }

    /// Scales the time of a sample's rows to all rows of a table.
    ///
    /// Work grows with the rows at least, and with sorting them at most.
    pub(super) fn scaled(self, sampled: u64, rows: u64) -> Self {
        if sampled == 0 {
            return Self::default();
        }
        let linear = rows as f64 / sampled as f64;
        let logarithm = |rows: u64| (rows.max(2) as f64).log2();
        let sorted = linear * (logarithm(rows) / logarithm(sampled)).max(1.0);
        self.times([linear, linear.midpoint(sorted), sorted])
    }

    /// Multiplies the least, the expected and the most time.
    pub(super) fn times(self, [low, expected, high]: [f64; 3]) -> Self {
        Self { low: self.low * low, expected: self.expected * expected, high: self.high * high }
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
    use super::Seconds;

    fn seconds(low: f64, expected: f64, high: f64) -> Seconds {
        Seconds { low, expected, high }
    }

    #[test]
    fn the_range_is_what_was_measured() {
        for (times, expected) in [
            (vec![], seconds(0.0, 0.0, 0.0)),
            (vec![2.0], seconds(2.0, 2.0, 2.0)),
            (vec![4.0, 1.0], seconds(1.0, 2.5, 4.0)),
            (vec![9.0, 1.0, 2.0], seconds(1.0, 2.0, 9.0)),
        ] {
            assert_eq!(Seconds::measured(times), expected);
        }
        assert_eq!(Seconds::averaged(vec![1.0, 1.0, 7.0]), seconds(1.0, 3.0, 7.0));
        assert_eq!(seconds(1.0, 2.0, 4.0).spread(), 4.0);
        assert_eq!(seconds(0.9, 2.0, 3.0).widened(2.0), seconds(0.9, 2.0, 4.0));
    }

    #[test]
    fn work_grows_with_the_rows_and_with_sorting_them() {
        let once = seconds(1.0, 1.0, 1.0);
        assert_eq!(once.scaled(1024, 1024), once);
        assert_eq!(once.scaled(1024, 1 << 20), seconds(1024.0, 1536.0, 2048.0));
        assert_eq!(once.scaled(0, 9), Seconds::default());
    }
}
