//! Reads registered models, with their tags, versions and aliases.

use std::collections::HashSet;
use std::path::Path;

use mlflow_migrate_core::data::python::{integer::from_text, text::strip};
use mlflow_migrate_core::rows::Row;

use super::experiment::DEFAULT_WORKSPACE;
use super::{description, keyed_values};
use crate::columns::{integer, optional_integer, optional_text, text};
use crate::files;
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;
use crate::yaml::Mapping;

/// Reads a model in the folder of all registered models.
pub(crate) fn read(models: &Path, folder: &str, now_ms: i64, output: &mut Output) {
    let path = models.join(folder);
    let table = Table::RegisteredModels;
    let Some(meta) = description::read(table, &path, description::META, output) else { return };
    let name = match meta.find("name") {
        None => Ok(folder.to_owned()),
        Some(_) => meta.field("name").required_text(),
    };
    let name = match name.and_then(|name| Ok((row(&meta, &name, now_ms)?, name))) {
        Ok((row, name)) => {
            output.begin(table, &name, &path);
            output.row(table, row);
            name
        }
        Err(reason) => return output.malformed(table, &path, reason),
    };
    keyed_values::read(Table::RegisteredModelTags, &path.join("tags"), output, |key, value| {
        vec![text(DEFAULT_WORKSPACE), text(&name), text(key), text(value)]
    });
    read_aliases(&path.join("aliases"), &name, output);
    read_versions(&path, &name, now_ms, output);
}

fn row(meta: &Mapping, name: &str, now_ms: i64) -> Result<Row, Reason> {
    Ok(vec![
        text(DEFAULT_WORKSPACE),
        text(name),
        integer(meta.field("creation_timestamp").integer()?.unwrap_or(now_ms)),
        optional_integer(meta.field("last_updated_timestamp").integer()?),
        optional_text(meta.field("description").text()?),
    ])
}

fn read_aliases(folder: &Path, name: &str, output: &mut Output) {
    let table = Table::RegisteredModelAliases;
    let listing = match files::files(folder) {
        Ok(listing) => listing,
        Err(reason) => return output.malformed(table, folder, reason),
    };
    for path in listing.unnamed {
        output.malformed(table, &path, Reason::NameNotUtf8);
    }
    for alias in listing.names {
        let path = folder.join(&alias);
        match files::read_value(&path).map(|version| from_text(strip(&version))) {
            Ok(Some(version)) => {
                let row = vec![text(DEFAULT_WORKSPACE), text(name), text(alias), integer(version)];
                output.row(table, row);
            }
            Ok(None) => output.skipped(table, &path, Reason::NoVersion),
            Err(reason) => output.malformed(table, &path, reason),
        }
    }
}

fn read_versions(model: &Path, name: &str, now_ms: i64, output: &mut Output) {
    let table = Table::ModelVersions;
    let listing = match files::folders(model) {
        Ok(listing) => listing,
        Err(reason) => return output.malformed(table, model, reason),
    };
    let mut versions = HashSet::new();
    for folder in listing.names.iter().filter(|folder| folder.starts_with("version-")) {
        let path = model.join(folder);
        let Some(meta) = description::read(table, &path, description::META, output) else {
            continue;
        };
        let version = meta
            .field("version")
            .to_int()
            .and_then(|version| version.ok_or(Reason::Missing("version")));
        let version = match version.and_then(|v| Ok((version_row(&meta, name, v, now_ms)?, v))) {
            Ok((_, version)) if !versions.insert(version) => {
                output.malformed(table, &path, Reason::Duplicate(version.to_string()));
                continue;
            }
            Ok((row, version)) => {
                output.row(table, row);
                version
            }
            Err(reason) => {
                output.malformed(table, &path, reason);
                continue;
            }
        };
        keyed_values::read(Table::ModelVersionTags, &path.join("tags"), output, |key, value| {
            vec![text(DEFAULT_WORKSPACE), text(name), integer(version), text(key), text(value)]
        });
    }
}

fn version_row(meta: &Mapping, name: &str, version: i64, now_ms: i64) -> Result<Row, Reason> {
    let or_default = |name, default: &str| {
        meta.field(name).text().map(|value| text(value.unwrap_or_else(|| default.to_owned())))
    };
    Ok(vec![
        text(DEFAULT_WORKSPACE),
        text(name),
        integer(version),
        integer(meta.field("creation_timestamp").integer()?.unwrap_or(now_ms)),
        optional_integer(meta.field("last_updated_timestamp").integer()?),
        optional_text(meta.field("description").text()?),
        optional_text(meta.field("user_id").text()?),
        or_default("current_stage", "None")?,
        optional_text(meta.field("source").text()?),
        optional_text(meta.field("storage_location").text()?),
        optional_text(meta.field("run_id").text()?),
        optional_text(meta.field("run_link").text()?),
        or_default("status", "READY")?,
        optional_text(meta.field("status_message").text()?),
    ])
}
