//! Reads the metrics of a run with their history, and computes the latest of each.

use std::io;
use std::path::Path;

use mlflow_migrate_core::data::python::{integer::from_text, number, text::strip};
use sea_query::Value;

use super::keyed_values::keyed_paths;
use crate::columns::{integer, text};
use crate::metric_lines::{self, Repetitions};
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;

/// A line of a metric's file.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Metric {
    timestamp: i64,
    step: i64,
    /// A finite value, which is 0 for NaN.
    value: f64,
    is_nan: bool,
}

/// Adds the rows of all files below the folder `metrics` of a run.
pub(crate) fn read(folder: &Path, run: &str, output: &mut Output) {
    for (path, key) in keyed_paths(Table::Metrics, folder, output) {
        if output.is_closed() {
            return;
        }
        if let Err(error) = read_file(&path, &key, run, output) {
            output.malformed(Table::Metrics, &path, Reason::Unreadable(error.to_string()));
        }
    }
}

fn read_file(path: &Path, key: &str, run: &str, output: &mut Output) -> io::Result<()> {
    let mut latest: Option<Metric> = None;
    let mut repetitions = Repetitions::new();
    let mut failure = None;
    metric_lines::for_each(path, |number, line| {
        let Some(metric) = line.and_then(parse) else {
            output.malformed(Table::Metrics, path, Reason::Line(number));
            return !output.is_closed();
        };
        match repetitions.is_repeated(path, number, metric.key(), |line| Some(parse(line)?.key())) {
            Ok(true) => output.malformed(Table::Metrics, path, Reason::RepeatedLine(number)),
            Ok(false) => {
                output.row(Table::Metrics, metric.row(key, run));
                if latest.is_none_or(|latest| metric.is_later_than(&latest)) {
                    latest = Some(metric);
                }
            }
            Err(error) => failure = Some(error),
        }
        failure.is_none() && !output.is_closed()
    })?;
    if let Some(latest) = latest {
        output.row(Table::LatestMetrics, latest.row(key, run));
    }
    failure.map_or(Ok(()), Err)
}

/// Reads `timestamp value` or `timestamp value step`, after which anything may follow.
fn parse(line: &str) -> Option<Metric> {
    let mut fields = strip(line).split(' ');
    let timestamp = from_text(fields.next()?)?;
    let value = number::float(fields.next()?)?;
    let step = fields.next().map_or(Some(0), from_text)?;
    // MLflow stores the largest number for infinity.
    let finite = if value.is_nan() { 0.0 } else { value.clamp(f64::MIN, f64::MAX) };
    Some(Metric { timestamp, step, value: finite, is_nan: value.is_nan() })
}

impl Metric {
    /// Returns the metric's part of the primary key. Zero has no sign there.
    fn key(self) -> (i64, i64, u64, bool) {
        (self.timestamp, self.step, (self.value + 0.0).to_bits(), self.is_nan)
    }

    /// Returns whether MLflow replaces the latest metric with this one.
    fn is_later_than(&self, latest: &Self) -> bool {
        let order = (self.step, self.timestamp).cmp(&(latest.step, latest.timestamp));
        order.is_gt() || (order.is_eq() && self.value > latest.value)
    }

    fn row(&self, key: &str, run: &str) -> Vec<Value> {
        vec![
            text(key),
            Value::Double(Some(self.value)),
            integer(self.timestamp),
            integer(self.step),
            Value::Bool(Some(self.is_nan)),
            text(run),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::{Metric, parse};

    #[test]
    fn a_line_has_two_fields_or_more() {
        let metric =
            |timestamp, value, step| Some(Metric { timestamp, step, value, is_nan: false });
        let cases = [
            ("1 2.5 3", metric(1, 2.5, 3)),
            ("1 2.5", metric(1, 2.5, 0)),
            (" 1 2.5 3 name digest\t", metric(1, 2.5, 3)),
            ("1_000 1_0.5 -3", metric(1000, 10.5, -3)),
            ("1 inf 0", metric(1, f64::MAX, 0)),
            ("1 -Infinity 0", metric(1, f64::MIN, 0)),
            ("1 nan 0", Some(Metric { timestamp: 1, step: 0, value: 0.0, is_nan: true })),
            ("", None),
            ("1", None),
            ("1  2", None),
            ("1 2.5 x", None),
            ("1.5 2.5 3", None),
            ("9223372036854775808 2.5 3", None),
        ];
        for (line, expected) in cases {
            assert_eq!(parse(line), expected, "{line:?}");
        }
    }

    #[test]
    fn the_latest_metric_has_the_greatest_step_then_time_then_value() {
        let later =
            |one: &str, other: &str| parse(one).unwrap().is_later_than(&parse(other).unwrap());
        assert!(later("1 1.0 2", "9 9.0 1"));
        assert!(later("2 1.0 1", "1 9.0 1"));
        assert!(later("1 2.0 1", "1 1.0 1"));
        assert!(later("1 nan 1", "1 -1.0 1"));
        assert!(!later("1 nan 1", "1 0.0 1"));
        assert!(!later("1 0.0 1", "1 nan 1"));
    }
}
