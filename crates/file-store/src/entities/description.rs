//! Reads the file that describes an entry, such as `meta.yaml`.

use std::path::Path;

use crate::output::Output;
use crate::reason::Reason;
use crate::report::Class;
use crate::tables::Table;
use crate::yaml::{self, Mapping};

pub(crate) const META: &str = "meta.yaml";

/// Returns the mapping in a file, and otherwise reports the entry.
///
/// MLflow leaves out an entry whose file it cannot read. It ends at a document that is no mapping.
pub(crate) fn read(
    table: Table,
    folder: &Path,
    file: &'static str,
    output: &mut Output,
) -> Option<Mapping> {
    let path = folder.join(file);
    match yaml::read_mapping(&path) {
        Ok(Some(mapping)) => return Some(mapping),
        Ok(None) => {
            let reason = Reason::InvalidYaml("it is empty".to_owned());
            output.skipped(table, &path, reason);
        }
        Err(Reason::Unreadable(_)) if !path.exists() => {
            output.skipped(table, folder, Reason::NoDescription(file));
        }
        Err(reason) => {
            let class = class(&reason);
            output.omit(table, class, &path, reason);
        }
    }
    None
}

/// Returns how an entry counts whose file cannot be read.
pub(crate) fn class(reason: &Reason) -> Class {
    match reason {
        Reason::Unreadable(_) | Reason::NotUtf8 | Reason::InvalidYaml(_) => Class::Skipped,
        _ => Class::Malformed,
    }
}
