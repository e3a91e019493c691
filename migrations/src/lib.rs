//! Every revision of MLflow's tracking database, one file each.
//!
//! [`tracking`] gathers them into a catalogue: the schema of MLflow 0.9.1 that they start from, the
//! graph that they form, and the release that each of them belongs to. What a revision does is said
//! in the file that bears its id, in literal values only: a file, once released, means the same for
//! ever.

mod base;
mod releases;
mod versions;

use mlflow_migrate_core::catalogue::{Catalogue, OtherProgram};
use mlflow_migrate_core::graph::{Graph, GraphError};

/// The history of MLflow's tracking database.
///
/// # Errors
/// If the revisions do not form a graph.
pub fn tracking() -> Result<Catalogue, GraphError> {
    Ok(Catalogue {
        base: base::tables(),
        graph: Graph::new(versions::all())?,
        releases: releases::tracking(),
        others: vec![
            OtherProgram { name: "MLflow's auth app", has_revision: is_of_the_auth_app },
            OtherProgram { name: "Optuna", has_revision: is_of_optuna },
        ],
    })
}

/// The auth app's `a1b2c3d4e5f6` is also the id of a revision of the tracking database, so alone it
/// does not tell whose database it is.
fn is_of_the_auth_app(revision: &str) -> bool {
    const REVISIONS: [&str; 7] = [
        "8606fa83a998",
        "0965eb92f5f0",
        "a1b2c3d4e5f6",
        "2ed73881770d",
        "c3d4e5f6a7b8",
        "e5f6a7b8c9d0",
        "f1a2b3c4d5e6",
    ];
    REVISIONS.contains(&revision)
}

/// Optuna's are its version and a letter: `v3.0.0.d`.
fn is_of_optuna(revision: &str) -> bool {
    let Some((version, letter)) = revision.strip_prefix('v').and_then(|id| id.rsplit_once('.'))
    else {
        return false;
    };
    let numbers: Vec<&str> = version.split('.').collect();
    let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    numbers.len() == 3
        && numbers.iter().all(is_number)
        && matches!(letter.as_bytes(), [letter] if letter.is_ascii_lowercase())
}

#[cfg(test)]
mod tests;
