//! Reads experiments.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use mlflow_migrate_core::data::python::integer::from_text;

use super::{description, keyed_values};
use crate::columns::{integer, optional_text, text};
use crate::files;
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::yaml::Mapping;

const TRASH: &str = ".trash";
const MODELS: &str = "models";
pub(crate) const LIFECYCLE_STAGES: [&str; 2] = ["active", "deleted"];
pub(crate) const DEFAULT_WORKSPACE: &str = "default";

/// An experiment's folder.
#[derive(Clone, Debug)]
pub(crate) struct Experiment {
    pub(crate) folder: PathBuf,
    pub(crate) id: i64,
    /// Whether the experiment has a row, so that others can refer to the experiment.
    pub(crate) is_kept: bool,
}

/// Reads all experiments, also the deleted ones.
pub(crate) fn read_all(root: &Path, now_ms: i64, output: &mut Output) -> Vec<Experiment> {
    let mut experiments = Vec::new();
    let mut ids = HashSet::new();
    let mut names = HashSet::new();
    for (folder, is_trash) in [(root.to_owned(), false), (root.join(TRASH), true)] {
        for (path, id) in folders_of(&folder, is_trash, output) {
            if output.is_closed() {
                return experiments;
            }
            let row = read(&path, id, now_ms, &mut ids, &mut names, output);
            let is_kept = match row {
                Some(Ok(())) => true,
                Some(Err(reason)) => {
                    output.malformed(Table::Experiments, &path, reason);
                    false
                }
                None => false,
            };
            experiments.push(Experiment { folder: path, id, is_kept });
        }
    }
    experiments
}

/// Returns the folders whose names are integers.
fn folders_of(folder: &Path, is_trash: bool, output: &mut Output) -> Vec<(PathBuf, i64)> {
    let listing = match files::folders(folder) {
        Ok(listing) => listing,
        Err(reason) => {
            output.malformed(Table::Experiments, folder, reason);
            return Vec::new();
        }
    };
    for path in listing.unnamed {
        output.skipped(Table::Experiments, &path, Reason::NotAnExperiment);
    }
    let mut found = Vec::new();
    for name in listing.names {
        let path = folder.join(&name);
        if let Some(id) = from_text(&name) {
            found.push((path, id));
        } else if is_trash || (name != TRASH && name != MODELS) {
            output.skipped(Table::Experiments, &path, Reason::NotAnExperiment);
        }
    }
    found
}

/// Reads an experiment with its tags. `None` if it was reported as skipped.
fn read(
    path: &Path,
    id: i64,
    now_ms: i64,
    ids: &mut HashSet<i64>,
    names: &mut HashSet<String>,
    output: &mut Output,
) -> Option<Result<(), Reason>> {
    let meta = description::read(Table::Experiments, path, description::META, output)?;
    let (name, row) = match row(&meta, path, id, now_ms) {
        Ok(row) => row,
        Err(reason) => return Some(Err(reason)),
    };
    if ids.contains(&id) {
        return Some(Err(Reason::Duplicate(id.to_string())));
    }
    if names.contains(&name) {
        return Some(Err(Reason::Duplicate(name)));
    }
    ids.insert(id);
    names.insert(name);
    output.row(Table::Experiments, row);
    keyed_values::read(Table::ExperimentTags, &path.join("tags"), output, |key, value| {
        vec![text(key), text(value), integer(id)]
    });
    Some(Ok(()))
}

fn row(
    meta: &Mapping,
    path: &Path,
    id: i64,
    now_ms: i64,
) -> Result<(String, mlflow_migrate_core::rows::Row), Reason> {
    let name = if meta.find("name").is_some() {
        meta.field("name").required_text()?
    } else {
        // MLflow takes the folder's name as it is written.
        let folder = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        format!("experiment_{folder}")
    };
    let row = vec![
        integer(id),
        text(name.clone()),
        text(DEFAULT_WORKSPACE),
        optional_text(meta.field("artifact_location").text()?),
        text(meta.field("lifecycle_stage").one_of(&LIFECYCLE_STAGES, "active")?),
        integer(meta.field("creation_time").integer()?.unwrap_or(now_ms)),
        integer(meta.field("last_update_time").integer()?.unwrap_or(now_ms)),
    ];
    Ok((name, row))
}
