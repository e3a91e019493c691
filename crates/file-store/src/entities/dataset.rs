//! Reads datasets.

use std::collections::HashMap;

use super::description;
use super::experiment::Experiment;
use crate::columns::{integer, optional_text, text};
use crate::files;
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::uuid;
use crate::yaml::Mapping;

/// The UUIDs of an experiment's datasets, by the names of their folders.
///
/// `None` if the experiment has no folder for datasets: MLflow reads no inputs then.
pub(crate) struct Datasets(pub(crate) Option<HashMap<String, String>>);

/// Reads the datasets of an experiment.
pub(crate) fn read(experiment: &Experiment, output: &mut Output) -> Datasets {
    let folder = experiment.folder.join("datasets");
    if !folder.is_dir() {
        return Datasets(None);
    }
    let mut uuids = HashMap::new();
    match files::folders(&folder) {
        Ok(listing) => {
            for path in listing.unnamed {
                output.malformed(Table::Datasets, &path, Reason::NameNotUtf8);
            }
            for name in listing.names {
                if let Some(uuid) = read_one(experiment.id, &folder.join(&name), output) {
                    uuids.insert(name, uuid);
                }
            }
        }
        Err(reason) => output.malformed(Table::Datasets, &folder, reason),
    }
    Datasets(Some(uuids))
}

fn read_one(experiment: i64, path: &std::path::Path, output: &mut Output) -> Option<String> {
    let meta = description::read(Table::Datasets, path, description::META, output)?;
    match row(experiment, &meta) {
        Ok(Dataset { uuid, key, row }) => {
            output.begin(Table::Datasets, key, path);
            output.row(Table::Datasets, row);
            Some(uuid)
        }
        Err(reason) => {
            output.malformed(Table::Datasets, path, reason);
            None
        }
    }
}

struct Dataset {
    uuid: String,
    key: String,
    row: mlflow_migrate_core::rows::Row,
}

fn row(experiment: i64, meta: &Mapping) -> Result<Dataset, Reason> {
    let or_empty = |name| match meta.find(name) {
        None => Ok(String::new()),
        Some(_) => meta.field(name).required_text(),
    };
    let (name, digest) = (or_empty("name")?, or_empty("digest")?);
    // Quoted, so that no two keys become the same text.
    let key = format!("{experiment} {name:?} {digest:?}");
    let uuid = match meta.get("dataset_uuid").filter(|uuid| uuid.is_truthy()) {
        Some(_) => meta.field("dataset_uuid").required_text()?,
        None => uuid::from_texts(&["datasets", &experiment.to_string(), &name, &digest]),
    };
    let row = vec![
        text(uuid.clone()),
        integer(experiment),
        text(name),
        text(digest),
        text(or_empty("source_type")?),
        text(or_empty("source")?),
        optional_text(meta.field("schema").text()?),
        optional_text(meta.field("profile").text()?),
    ];
    Ok(Dataset { uuid, key, row })
}
