//! Reads runs, with their parameters, tags, metrics, inputs and outputs.

use std::path::Path;

use mlflow_migrate_core::rows::Row;

use super::dataset::Datasets;
use super::experiment::{Experiment, LIFECYCLE_STAGES};
use super::{description, input, keyed_values, metric};
use crate::columns::{Field, integer, optional_integer, optional_text, text};
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::yaml::{Mapping, Yaml};

/// The folders of an experiment that are no runs.
pub(crate) const RESERVED: [&str; 5] = ["tags", "datasets", "traces", "models", ".trash"];

const SOURCE_TYPES: [&str; 5] = ["NOTEBOOK", "JOB", "PROJECT", "LOCAL", "UNKNOWN"];

/// The values of MLflow's `RunStatus`, from 1 on.
const STATUSES: [&str; 5] = ["RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"];

/// Reads the run in a folder of an experiment.
pub(crate) fn read(
    experiment: &Experiment,
    datasets: &Datasets,
    folder: &str,
    now_ms: i64,
    output: &mut Output,
) {
    let path = experiment.folder.join(folder);
    let meta = description::read(Table::Runs, &path, description::META, output);
    let mut has_row = false;
    if let Some(meta) = meta {
        let Some(id) = run_id(&meta) else {
            output.skipped(Table::Runs, &path, Reason::NoRunId);
            return read_ends(&path, folder, datasets, has_row, output);
        };
        let row =
            id.required_text().and_then(|id| Ok((row(&meta, &id, experiment.id, now_ms)?, id)));
        match row {
            Ok((row, id)) => {
                has_row = true;
                output.begin(Table::Runs, &id, &path);
                output.row(Table::Runs, row);
                read_content(&path, &id, output);
            }
            Err(reason) => return output.malformed(Table::Runs, &path, reason),
        }
    }
    read_ends(&path, folder, datasets, has_row, output);
}

/// Reads inputs and outputs, as MLflow does even where it has left out the run.
fn read_ends(path: &Path, folder: &str, datasets: &Datasets, has_row: bool, output: &mut Output) {
    input::read_inputs(path, folder, datasets, has_row, output);
    input::read_outputs(path, folder, has_row, output);
}

/// Returns `run_uuid`, or `run_id`, unless both are missing or empty.
fn run_id(meta: &Mapping) -> Option<Field<'_>> {
    ["run_uuid", "run_id"].into_iter().find_map(|name| {
        let value = meta.get(name).filter(|value| value.is_truthy())?;
        Some(Field::new(name, Some(value)))
    })
}

fn read_content(path: &Path, id: &str, output: &mut Output) {
    for (table, folder) in [(Table::Params, "params"), (Table::Tags, "tags")] {
        keyed_values::read(table, &path.join(folder), output, |key, value| {
            vec![text(key), text(value), text(id)]
        });
    }
    metric::read(&path.join("metrics"), id, output);
}

fn row(meta: &Mapping, id: &str, experiment_id: i64, now_ms: i64) -> Result<Row, Reason> {
    let or_empty = |name| match meta.find(name) {
        None => Ok(Some(String::new())),
        Some(_) => meta.field(name).text(),
    };
    Ok(vec![
        text(id),
        optional_text(name(meta)?),
        text(source_type(meta)?),
        optional_text(or_empty("source_name")?),
        optional_text(or_empty("entry_point_name")?),
        optional_text(meta.field("user_id").text()?),
        text(status(meta)?),
        integer(meta.field("start_time").integer()?.unwrap_or(now_ms)),
        optional_integer(meta.field("end_time").integer()?),
        optional_integer(meta.field("deleted_time").integer()?),
        optional_text(or_empty("source_version")?),
        text(meta.field("lifecycle_stage").one_of(&LIFECYCLE_STAGES, "active")?),
        optional_text(meta.field("artifact_uri").text()?),
        integer(experiment_id),
    ])
}

/// Returns `run_name`, or the older `name` if that is missing or empty.
fn name(meta: &Mapping) -> Result<Option<String>, Reason> {
    match meta.get("run_name").filter(|name| name.is_truthy()) {
        Some(name) => Field::new("run_name", Some(name)).text(),
        None => meta.field("name").text(),
    }
}

/// Returns the source's type. MLflow takes its own numbers for it as `LOCAL`.
fn source_type(meta: &Mapping) -> Result<String, Reason> {
    match meta.get("source_type") {
        Some(Yaml::Text(_)) => meta.field("source_type").one_of(&SOURCE_TYPES, "LOCAL"),
        _ => Ok("LOCAL".to_owned()),
    }
}

/// Returns the status. File stores hold its number.
fn status(meta: &Mapping) -> Result<String, Reason> {
    let number = match meta.find("status") {
        None => Some(1),
        Some(Yaml::Integer(number)) => Some(*number),
        Some(Yaml::Bool(is_one)) => Some(i64::from(*is_one)),
        Some(_) => None,
    };
    let Some(number) = number else {
        // MLflow stores `None`, which the CHECK refuses, for null.
        return meta.field("status").one_of(&STATUSES, "None");
    };
    let index = number.checked_sub(1).and_then(|index| usize::try_from(index).ok());
    index
        .and_then(|index| STATUSES.get(index))
        .map(|status| (*status).to_owned())
        .ok_or_else(|| Reason::Unknown { field: "status", value: number.to_string() })
}
