//! Shared by the databases on servers.

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::url::ServerUrl;

use super::RESTORE;
use crate::{Context, authorities};

/// Returns the environment variables that a backend asks for.
pub(super) fn environment(names: &[&str]) -> BTreeMap<String, String> {
    let value = |name: &&str| Some(((*name).to_owned(), authorities::variable(name)?));
    names.iter().filter_map(value).collect()
}

/// Shows the user the backend's warnings about the URL.
pub(super) fn warn(context: &Context, warnings: &[String]) {
    for message in warnings.iter().cloned() {
        context.renderer.notify(&Event::Notice { message });
    }
}

/// Returns the error for a request that needs a file; its hint names the backup program.
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
