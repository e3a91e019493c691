//! Reads a folder of parameters, tags or metadata: a file for each key, with its value.

use std::path::Path;

use mlflow_migrate_core::rows::Row;

use crate::files::{self, KeyedFile};
use crate::output::Output;
use crate::reason::Reason;
use crate::tables::Table;

/// Adds a row for each file below a folder.
pub(crate) fn read(
    table: Table,
    folder: &Path,
    output: &mut Output,
    row: impl Fn(String, String) -> Row,
) {
    for_each(table, folder, output, |key, value, output| output.row(table, row(key, value)));
}

/// Calls a function for the key and value of each file below a folder.
pub(crate) fn for_each(
    table: Table,
    folder: &Path,
    output: &mut Output,
    mut consume: impl FnMut(String, String, &mut Output),
) {
    for (path, key) in keyed_paths(table, folder, output) {
        match files::read_value(&path) {
            Ok(value) => consume(key, value, output),
            Err(reason) => output.malformed(table, &path, reason),
        }
    }
}

/// Returns the files below a folder with their keys, and reports those without one.
pub(crate) fn keyed_paths(
    table: Table,
    folder: &Path,
    output: &mut Output,
) -> Vec<(std::path::PathBuf, String)> {
    let (found, unreadable) = files::keyed_files(folder);
    for (path, reason) in unreadable {
        output.skipped(table, &path, reason);
    }
    let mut keyed = Vec::with_capacity(found.len());
    for KeyedFile { path, key } in found {
        match key {
            Some(key) => keyed.push((path, key)),
            None => output.malformed(table, &path, Reason::NameNotUtf8),
        }
    }
    keyed
}
