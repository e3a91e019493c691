//! Reads the assessments of a trace.

use std::path::Path;

use mlflow_migrate_core::data::python::text::{lower, strip};
use mlflow_migrate_core::rows::Row;
use sea_query::Value;

use super::description;
use crate::columns::{Field, integer, optional_text, text};
use crate::files;
use crate::json::dumps;
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::yaml::{self, Mapping, Yaml};

/// The trace of an assessment.
pub(crate) struct Trace<'a> {
    pub(crate) id: &'a str,
    pub(crate) experiment: i64,
    pub(crate) timestamp_ms: i64,
}

/// What a feedback or an expectation says.
struct Content<'a> {
    kind: &'static str,
    value: &'a Yaml,
    error: Option<String>,
}

/// Reads the assessments in a folder.
pub(crate) fn read_all(folder: &Path, trace: &Trace<'_>, output: &mut Output) {
    let listing = match files::files(folder) {
        Ok(listing) => listing,
        Err(reason) => return output.malformed(Table::Assessments, folder, reason),
    };
    for path in listing.unnamed {
        output.malformed(Table::Assessments, &path, Reason::NameNotUtf8);
    }
    for name in listing.names {
        if let Some(id) = name.strip_suffix(".yaml") {
            read(&folder.join(&name), id, trace, output);
        }
    }
}

fn read(path: &Path, file_id: &str, trace: &Trace<'_>, output: &mut Output) {
    let meta = match yaml::read_mapping(path) {
        Ok(Some(meta)) => meta,
        Ok(None) => return output.skipped(Table::Assessments, path, Reason::NoAssessment),
        Err(reason) => {
            let class = description::class(&reason);
            return output.omit(Table::Assessments, class, path, reason);
        }
    };
    let content = match content(&meta) {
        Ok(Some(content)) => content,
        Ok(None) => return output.skipped(Table::Assessments, path, Reason::NoAssessment),
        Err(reason) => return output.malformed(Table::Assessments, path, reason),
    };
    match id(&meta, file_id).and_then(|id| Ok((row(&meta, &id, trace, content)?, id))) {
        Ok((row, id)) => {
            output.begin_nested(Table::Assessments, id, path);
            output.row(Table::Assessments, row);
        }
        Err(reason) => output.malformed(Table::Assessments, path, reason),
    }
}

fn id(meta: &Mapping, file_id: &str) -> Result<String, Reason> {
    match meta.get("assessment_id").filter(|id| id.is_truthy()) {
        Some(id) => Field::new("assessment_id", Some(id)).required_text(),
        None => Ok(file_id.to_owned()),
    }
}

fn content(meta: &Mapping) -> Result<Option<Content<'_>>, Reason> {
    let is_feedback = meta.get("feedback").is_some();
    let name = if is_feedback { "feedback" } else { "expectation" };
    let content = match meta.get(name) {
        None => return Ok(None),
        Some(Yaml::Mapping(content)) => content,
        Some(_) => return Err(meta.field(name).wrong_type("mapping")),
    };
    let value = content.get("value").unwrap_or(&Yaml::Null);
    let error = content.get("error").filter(|error| is_feedback && error.is_truthy());
    Ok(Some(Content { kind: name, value, error: error.map(dumps).transpose()? }))
}

fn row(meta: &Mapping, id: &str, trace: &Trace<'_>, content: Content<'_>) -> Result<Row, Reason> {
    let none = Mapping::default();
    let source = match meta.find("source") {
        None => &none,
        Some(Yaml::Mapping(source)) => source,
        Some(_) => return Err(meta.field("source").wrong_type("mapping")),
    };
    let source_type = match source.find("source_type") {
        None => "CODE".to_owned(),
        Some(_) => source.field("source_type").required_text()?,
    };
    let name_field =
        if meta.find("assessment_name").is_some() { "assessment_name" } else { "name" };
    let name = match meta.find(name_field) {
        None => String::new(),
        Some(_) => meta.field(name_field).required_text()?,
    };
    let (created, updated) = times(meta)?;
    let metadata = meta.get("metadata").filter(|metadata| metadata.is_truthy());
    let (aggregate, is_numeric) = aggregate(content.value);
    Ok(vec![
        text(id),
        text(trace.id),
        integer(trace.experiment),
        integer(trace.timestamp_ms),
        text(name),
        text(content.kind),
        text(dumps(content.value)?),
        optional_text(content.error),
        integer(created),
        integer(updated),
        text(source_type),
        optional_text(source.field("source_id").text()?),
        optional_text(meta.field("run_id").text()?),
        optional_text(meta.field("span_id").text()?),
        optional_text(meta.field("rationale").text()?),
        optional_text(meta.field("overrides").text()?),
        Value::Bool(Some(meta.field("valid").boolean()?.unwrap_or(true))),
        optional_text(metadata.map(dumps).transpose()?),
        Value::Double(aggregate),
        Value::Bool(Some(is_numeric)),
    ])
}

fn times(meta: &Mapping) -> Result<(i64, i64), Reason> {
    let created = match meta.find("create_time_ms") {
        None => 0,
        Some(_) => meta.field("create_time_ms").required_integer()?,
    };
    let updated = match meta.find("last_update_time_ms") {
        None => created,
        Some(_) => meta.field("last_update_time_ms").required_integer()?,
    };
    Ok((created, updated))
}

/// Returns MLflow's `assessment_aggregate`: a number for a value, and whether the value is one.
fn aggregate(value: &Yaml) -> (Option<f64>, bool) {
    let number = match value {
        Yaml::Bool(value) => return (Some(f64::from(u8::from(*value))), false),
        Yaml::Integer(value) => Some(*value as f64),
        Yaml::BigInteger(digits) => digits.parse().ok(),
        Yaml::Float(value) => Some(*value),
        Yaml::Text(text) => match &*lower(strip(text)) {
            "yes" => return (Some(1.0), false),
            "no" => return (Some(0.0), false),
            _ => None,
        },
        _ => None,
    };
    let number = number.filter(|number| number.is_finite());
    (number, number.is_some())
}
