//! What databases on servers have in common.

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::url::ServerUrl;

use super::RESTORE;
use crate::{Context, authorities};

/// The variables of the environment that a backend asks for.
pub(super) fn environment(names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &&str| Some(((*name).to_owned(), authorities::variable(name)?));
    names.iter().filter_map(value).collect()
}

/// Shows the user what the backend has to say of the URL.
pub(super) fn warn(context: &Context, warnings: &[String]) {
    for message in warnings.iter().cloned() {
        context.renderer.notify(&Event::Notice { message });
    }
}

/// Refuses what needs a file, and names the program that makes a backup instead.
pub(super) fn no_file(url: &ServerUrl, what: &str, program: &str) -> Error {
    Error::Unsupported {
        url: url.shown().to_owned(),
        problem: format!("{what} for SQLite files"),
        hint: if what == RESTORE {
            format!("restore the dump that `{program}` made, by the server's own means")
        } else {
            format!("make a backup by `{program}` first")
        },
    }
}
