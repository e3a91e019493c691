//! Reads logged models, with their parameters, tags and metrics.

use std::io;
use std::path::Path;

use mlflow_migrate_core::data::python::{integer::from_text, number, text::strip};
use mlflow_migrate_core::rows::Row;
use sea_query::Value;

use super::description;
use super::experiment::{Experiment, LIFECYCLE_STAGES};
use super::keyed_values::{self, keyed_paths};
use crate::columns::{integer, optional_text, text};
use crate::metric_lines::{self, Repetitions};
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::yaml::{Mapping, Yaml};

/// The position of `run_id` in the columns of `logged_model_metrics`.
pub(crate) const METRIC_RUN: usize = 6;

/// The values of MLflow's `LoggedModelStatus`, from 0 on.
const STATUSES: [&str; 4] = ["UNSPECIFIED", "PENDING", "READY", "FAILED"];
const PENDING: i64 = 1;

/// Reads a model in a folder of an experiment's models.
pub(crate) fn read(experiment: &Experiment, models: &Path, folder: &str, output: &mut Output) {
    let path = models.join(folder);
    let Some(meta) = description::read(Table::LoggedModels, &path, description::META, output)
    else {
        return;
    };
    let id = match meta.find("model_id") {
        None => Ok(folder.to_owned()),
        Some(_) => meta.field("model_id").required_text(),
    };
    let id = match id.and_then(|id| Ok((row(&meta, &id, experiment.id)?, id))) {
        Ok((row, id)) => {
            output.begin(Table::LoggedModels, &id, &path);
            output.row(Table::LoggedModels, row);
            id
        }
        Err(reason) => return output.malformed(Table::LoggedModels, &path, reason),
    };
    for (table, folder) in [(Table::LoggedModelParams, "params"), (Table::LoggedModelTags, "tags")]
    {
        keyed_values::read(table, &path.join(folder), output, |key, value| {
            vec![text(&id), integer(experiment.id), text(key), text(value)]
        });
    }
    for (path, key) in keyed_paths(Table::LoggedModelMetrics, &path.join("metrics"), output) {
        if let Err(error) = read_metrics(&path, &key, &id, experiment.id, output) {
            let reason = Reason::Unreadable(error.to_string());
            output.malformed(Table::LoggedModelMetrics, &path, reason);
        }
    }
}

fn row(meta: &Mapping, id: &str, experiment: i64) -> Result<Row, Reason> {
    let text_or_empty = |name| match meta.find(name) {
        None => Ok(String::new()),
        Some(_) => meta.field(name).required_text(),
    };
    let integer_or_zero = |name| match meta.find(name) {
        None => Ok(0),
        Some(_) => meta.field(name).required_integer(),
    };
    Ok(vec![
        text(id),
        integer(experiment),
        text(text_or_empty("name")?),
        text(text_or_empty("artifact_location")?),
        integer(integer_or_zero("creation_timestamp")?),
        integer(integer_or_zero("last_updated_timestamp")?),
        integer(status(meta)?),
        text(meta.field("lifecycle_stage").one_of(&LIFECYCLE_STAGES, "active")?),
        optional_text(meta.field("model_type").text()?),
        optional_text(meta.field("source_run_id").text()?),
        optional_text(meta.field("status_message").text()?),
    ])
}

/// Returns the number of a status. MLflow takes a name that it does not know for `PENDING`.
fn status(meta: &Mapping) -> Result<i64, Reason> {
    match meta.find("status") {
        None => Ok(PENDING),
        Some(Yaml::Text(name)) => {
            let number = STATUSES.iter().position(|status| status == name);
            Ok(number.and_then(|number| i64::try_from(number).ok()).unwrap_or(PENDING))
        }
        Some(_) => meta.field("status").to_int()?.ok_or(Reason::Missing("status")),
    }
}

/// A line of a metric's file.
#[derive(Debug, PartialEq)]
struct Metric<'a> {
    timestamp: i64,
    step: i64,
    value: f64,
    run: &'a str,
    dataset: Option<(&'a str, &'a str)>,
}

impl Metric<'_> {
    /// Returns the metric's part of the primary key.
    fn key(&self) -> (i64, i64, String) {
        (self.timestamp, self.step, self.run.to_owned())
    }
}

/// The result of reading a line.
#[derive(Debug, PartialEq)]
enum Line<'a> {
    Metric(Metric<'a>),
    /// MLflow leaves out a line with another number of fields.
    OtherFields,
    Malformed,
}

fn parse(line: &str) -> Line<'_> {
    let fields: Vec<&str> = strip(line).split(' ').collect();
    let (timestamp, value, step, run, dataset) = match fields[..] {
        [timestamp, value, step, run] => (timestamp, value, step, run, None),
        [timestamp, value, step, run, name, digest] => {
            (timestamp, value, step, run, Some((name, digest)))
        }
        _ => return Line::OtherFields,
    };
    match (from_text(timestamp), number::float(value), from_text(step)) {
        (Some(timestamp), Some(value), Some(step)) => {
            Line::Metric(Metric { timestamp, step, value, run, dataset })
        }
        _ => Line::Malformed,
    }
}

fn read_metrics(
    path: &Path,
    name: &str,
    model: &str,
    experiment: i64,
    output: &mut Output,
) -> io::Result<()> {
    const TABLE: Table = Table::LoggedModelMetrics;
    let key = |line: &str| match parse(line) {
        Line::Metric(metric) => Some(metric.key()),
        _ => None,
    };
    let mut repetitions = Repetitions::new();
    let mut failure = None;
    metric_lines::for_each(path, |number, line| {
        match line.map_or(Line::Malformed, parse) {
            Line::OtherFields => output.skipped(TABLE, path, Reason::Line(number)),
            Line::Malformed => output.malformed(TABLE, path, Reason::Line(number)),
            Line::Metric(metric) => {
                match repetitions.is_repeated(path, number, metric.key(), key) {
                    Ok(true) => output.malformed(TABLE, path, Reason::RepeatedLine(number)),
                    Ok(false) => output.row(TABLE, metric_row(&metric, name, model, experiment)),
                    Err(error) => failure = Some(error),
                }
            }
        }
        failure.is_none() && !output.is_closed()
    })?;
    failure.map_or(Ok(()), Err)
}

fn metric_row(metric: &Metric<'_>, name: &str, model: &str, experiment: i64) -> Row {
    // SQLite has no NaN, and stores null.
    let value = Some(metric.value).filter(|value| !value.is_nan());
    vec![
        text(model),
        text(name),
        integer(metric.timestamp),
        integer(metric.step),
        Value::Double(value),
        integer(experiment),
        text(metric.run),
        optional_text(None),
        optional_text(metric.dataset.map(|(name, _)| name.to_owned())),
        optional_text(metric.dataset.map(|(_, digest)| digest.to_owned())),
    ]
}

#[cfg(test)]
mod tests {
    use super::{Line, METRIC_RUN, Metric, parse};
    use crate::tables::Table;

    #[test]
    fn a_line_has_four_or_six_fields() {
        let metric =
            |dataset| Line::Metric(Metric { timestamp: 1, step: 3, value: 2.5, run: "r", dataset });
        assert_eq!(parse("1 2.5 3 r"), metric(None));
        assert_eq!(parse("1 2.5 3 r name digest\n"), metric(Some(("name", "digest"))));
        assert_eq!(parse("1 2.5 3 r a name digest"), Line::OtherFields);
        assert_eq!(parse("1 2.5 3"), Line::OtherFields);
        assert_eq!(parse(""), Line::OtherFields);
        assert_eq!(parse("1 2.5 x r"), Line::Malformed);
    }

    #[test]
    fn the_run_is_where_its_foreign_key_is_checked() {
        assert_eq!(Table::LoggedModelMetrics.columns()[METRIC_RUN], "run_id");
    }
}
