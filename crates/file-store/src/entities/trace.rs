//! Reads traces, with their tags, metadata and assessments.

use mlflow_migrate_core::data::promoted::{
    COST_KEYS, COST_METADATA, NAME_LENGTH, SESSION_LENGTH, SESSION_METADATA, TOKEN_KEYS,
    TOKEN_USAGE_METADATA, TRACE_NAME_TAG,
};
use std::path::Path;

use mlflow_migrate_core::data::python::json::{Json, loads};
use mlflow_migrate_core::data::python::number::{finite_float, token_count};
use mlflow_migrate_core::data::python::text::truncate;
use mlflow_migrate_core::rows::Row;
use sea_query::Value;

use super::experiment::Experiment;
use super::{assessment, description, keyed_values};
use crate::columns::{Field, integer, optional_integer, optional_text, text};
use crate::output::Output;
use crate::reason::Reason;
use crate::request_time;
use crate::tables::Table;
use crate::yaml::{Mapping, Yaml};

const TRACE_INFO: &str = "trace_info.yaml";

/// What the database has in columns of a trace, and a file store in tags and metadata.
#[derive(Default)]
struct Promoted {
    name: Option<String>,
    session: Option<String>,
    tokens: [Option<i64>; TOKEN_KEYS.len()],
    costs: [Option<f64>; COST_KEYS.len()],
}

/// Reads a trace in a folder of an experiment's traces.
pub(crate) fn read(experiment: &Experiment, traces: &Path, folder: &str, output: &mut Output) {
    let path = traces.join(folder);
    let Some(meta) = description::read(Table::TraceInfo, &path, TRACE_INFO, output) else { return };
    let (id, timestamp_ms) = match id(&meta, folder).and_then(|id| Ok((id, timestamp_ms(&meta)?))) {
        Ok(found) => found,
        Err(reason) => return output.malformed(Table::TraceInfo, &path, reason),
    };
    let mut promoted = Promoted::default();
    let mut children = Vec::new();
    keyed_values::for_each(Table::TraceTags, &path.join("tags"), output, |key, value, _| {
        if key == TRACE_NAME_TAG {
            promoted.name = Some(truncate(&value, NAME_LENGTH).to_owned());
        } else {
            children.push((Table::TraceTags, key, value));
        }
    });
    let metadata = path.join("request_metadata");
    keyed_values::for_each(
        Table::TraceRequestMetadata,
        &metadata,
        output,
        |key, value, _| match key.as_str() {
            SESSION_METADATA => {
                promoted.session = Some(truncate(&value, SESSION_LENGTH).to_owned());
            }
            TOKEN_USAGE_METADATA => {
                promoted.tokens = numbers(&value, TOKEN_KEYS, |json| token_count(json));
            }
            COST_METADATA => promoted.costs = numbers(&value, COST_KEYS, |json| finite_float(json)),
            _ => children.push((Table::TraceRequestMetadata, key, value)),
        },
    );
    match row(&meta, &id, experiment.id, timestamp_ms, promoted) {
        Ok(row) => {
            output.begin(Table::TraceInfo, &id, &path);
            output.row(Table::TraceInfo, row);
        }
        Err(reason) => return output.malformed(Table::TraceInfo, &path, reason),
    }
    for (table, key, value) in children {
        output.row(table, vec![text(key), text(value), text(&id)]);
    }
    let trace = assessment::Trace { id: &id, experiment: experiment.id, timestamp_ms };
    assessment::read_all(&path.join("assessments"), &trace, output);
}

/// Returns the id: `trace_id` since version 3 of traces, and `request_id` before.
fn id(meta: &Mapping, folder: &str) -> Result<String, Reason> {
    for name in ["trace_id", "request_id"] {
        if let Some(id) = meta.get(name).filter(|id| id.is_truthy()) {
            return Field::new(name, Some(id)).required_text();
        }
    }
    Ok(folder.to_owned())
}

/// Returns the time: a number before version 3 of traces, and usually a text since.
fn timestamp_ms(meta: &Mapping) -> Result<i64, Reason> {
    if meta.get("timestamp_ms").is_some() {
        return meta.field("timestamp_ms").required_integer();
    }
    match meta.get("request_time") {
        Some(Yaml::Text(time)) => Ok(request_time::milliseconds(time)),
        Some(Yaml::Integer(_) | Yaml::BigInteger(_) | Yaml::Bool(_)) => {
            meta.field("request_time").required_integer()
        }
        _ => Ok(0),
    }
}

/// Returns the numbers of a JSON object that have columns.
fn numbers<T, const COUNT: usize>(
    json: &str,
    keys: [&str; COUNT],
    convert: impl Fn(&Json<'_>) -> Option<T>,
) -> [Option<T>; COUNT] {
    let object = loads(json).ok().and_then(Json::into_object);
    keys.map(|key| convert(object.as_ref()?.get(key)?))
}

fn row(
    meta: &Mapping,
    id: &str,
    experiment: i64,
    timestamp_ms: i64,
    promoted: Promoted,
) -> Result<Row, Reason> {
    let is_given = |name: &str| meta.get(name).is_some_and(Yaml::is_truthy);
    let execution_time = if is_given("execution_time_ms") {
        meta.field("execution_time_ms").integer()?
    } else {
        meta.field("execution_duration_ms").integer()?
    };
    let status = if is_given("status") {
        meta.field("status").required_text()?
    } else if meta.find("state").is_some() {
        meta.field("state").required_text()?
    } else {
        "OK".to_owned()
    };
    let mut row = vec![
        text(id),
        integer(experiment),
        integer(timestamp_ms),
        optional_integer(execution_time),
        text(status),
        optional_text(meta.field("client_request_id").text()?),
        optional_text(meta.field("request_preview").text()?),
        optional_text(meta.field("response_preview").text()?),
        optional_text(promoted.name),
        optional_text(promoted.session),
    ];
    row.extend(promoted.tokens.map(Value::BigInt));
    row.extend(promoted.costs.map(Value::Double));
    Ok(row)
}
