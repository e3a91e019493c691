//! Reads the inputs and outputs of runs.

use std::collections::HashSet;
use std::path::Path;

use super::dataset::Datasets;
use super::description;
use crate::columns::{Field, integer, text};
use crate::files;
use crate::json::float_repr;
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::uuid;
use crate::yaml::{Mapping, Yaml};

/// What MLflow's database calls the two ends of an input.
struct Ends {
    source: (&'static str, String),
    destination: (&'static str, String),
}

impl Ends {
    fn texts(&self) -> [&str; 4] {
        [self.source.0, &self.source.1, self.destination.0, &self.destination.1]
    }
}

/// Reads the inputs of a run.
pub(crate) fn read_inputs(
    run_folder: &Path,
    run: &str,
    datasets: &Datasets,
    is_nested: bool,
    output: &mut Output,
) {
    for path in folders(&run_folder.join("inputs"), output) {
        if datasets.0.is_none() {
            output.skipped(Table::Inputs, &path, Reason::NoDatasets);
            continue;
        }
        let Some(meta) = description::read(Table::Inputs, &path, description::META, output) else {
            continue;
        };
        match ends(&meta, run, datasets).and_then(|ends| Ok(ends.zip(Some(tags(&meta)?)))) {
            Ok(Some((ends, tags))) => add_input(&path, &ends, tags, is_nested, output),
            Ok(None) => output.skipped(Table::Inputs, &path, Reason::NoSource),
            Err(reason) => output.malformed(Table::Inputs, &path, reason),
        }
    }
}

/// Reads the outputs of a run, which are models.
pub(crate) fn read_outputs(run_folder: &Path, run: &str, is_nested: bool, output: &mut Output) {
    for path in folders(&run_folder.join("outputs"), output) {
        let Some(meta) = description::read(Table::Inputs, &path, description::META, output) else {
            continue;
        };
        let model = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        match meta.field("step").integer() {
            Ok(step) => {
                let ends = Ends {
                    source: ("RUN_OUTPUT", run.to_owned()),
                    destination: ("MODEL_OUTPUT", model),
                };
                add(&path, &ends, step.unwrap_or_default(), is_nested, output);
            }
            Err(reason) => output.malformed(Table::Inputs, &path, reason),
        }
    }
}

fn folders(folder: &Path, output: &mut Output) -> Vec<std::path::PathBuf> {
    match files::folders(folder) {
        Ok(listing) => {
            for path in listing.unnamed {
                output.malformed(Table::Inputs, &path, Reason::NameNotUtf8);
            }
            listing.names.into_iter().map(|name| folder.join(name)).collect()
        }
        Err(reason) => {
            output.malformed(Table::Inputs, folder, reason);
            Vec::new()
        }
    }
}

/// Returns the ends of an input; `None` if MLflow does not read such an input.
fn ends(meta: &Mapping, run: &str, datasets: &Datasets) -> Result<Option<Ends>, Reason> {
    let source_type = match meta.find("source_type") {
        None => "DATASET",
        Some(Yaml::Text(kind)) => kind,
        Some(_) => return Ok(None),
    };
    match source_type {
        "DATASET" => {
            let Some(Yaml::Text(folder)) = meta.find("source_id") else { return Ok(None) };
            let uuid = datasets.0.as_ref().and_then(|uuids| uuids.get(folder));
            Ok(uuid.map(|uuid| Ends {
                source: ("DATASET", uuid.clone()),
                destination: ("RUN", run.to_owned()),
            }))
        }
        // A file store calls the model the source, and the database calls the run the source.
        "MODEL" => {
            let model = match meta.find("source_id") {
                None => String::new(),
                Some(_) => meta.field("source_id").required_text()?,
            };
            Ok(Some(Ends {
                source: ("RUN_INPUT", run.to_owned()),
                destination: ("MODEL_INPUT", model),
            }))
        }
        _ => Ok(None),
    }
}

fn tags(meta: &Mapping) -> Result<Vec<(String, String)>, Reason> {
    let tags = match meta.find("tags") {
        None => return Ok(Vec::new()),
        Some(Yaml::Mapping(tags)) => tags,
        Some(other) => return Err(Field::new("tags", Some(other)).wrong_type("mapping")),
    };
    let mut names = HashSet::new();
    let mut found = Vec::new();
    for (name, value) in tags.iter() {
        let name = Field::new("tags", Some(name)).required_text()?;
        if !names.insert(name.clone()) {
            return Err(Reason::Duplicate(name));
        }
        found.push((name, python_str(value)?));
    }
    Ok(found)
}

/// Returns `str(value)` of a value that is no collection.
fn python_str(value: &Yaml) -> Result<String, Reason> {
    Ok(match value {
        Yaml::Null => "None".to_owned(),
        Yaml::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
        Yaml::Integer(value) => value.to_string(),
        Yaml::Float(value) => float_repr(*value),
        Yaml::Text(text) | Yaml::BigInteger(text) | Yaml::Timestamp(text) => text.clone(),
        Yaml::Sequence(_) | Yaml::Mapping(_) => {
            return Err(Field::new("tags", Some(value)).wrong_type("text"));
        }
    })
}

fn add_input(
    path: &Path,
    ends: &Ends,
    tags: Vec<(String, String)>,
    is_nested: bool,
    output: &mut Output,
) {
    let uuid = add(path, ends, 0, is_nested, output);
    for (name, value) in tags {
        output.row(Table::InputTags, vec![text(&uuid), text(name), text(value)]);
    }
}

/// Adds the row, and returns its UUID.
fn add(path: &Path, ends: &Ends, step: i64, is_nested: bool, output: &mut Output) -> String {
    let texts = ends.texts();
    let uuid = uuid::from_texts(&texts);
    // Quoted, so that no two keys become the same text.
    let key = texts.map(|text| format!("{text:?}")).join(" ");
    if is_nested {
        output.begin_nested(Table::Inputs, key, path);
    } else {
        output.begin(Table::Inputs, key, path);
    }
    let [source_type, source_id, destination_type, destination_id] = texts.map(text);
    let row =
        vec![text(&uuid), source_type, source_id, destination_type, destination_id, integer(step)];
    output.row(Table::Inputs, row);
    uuid
}
