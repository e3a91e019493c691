//! Every revision of MLflow's tracking database, one file each.
//!
//! [`tracking`] gathers them into a catalogue: the schema of MLflow 0.9.1 that they start from, the
//! graph that they form, and the release that each of them belongs to. What a revision does is said
//! in the file that bears its id, in literal values only: a file, once released, means the same for
//! ever.

mod base;
mod others;
mod releases;
mod versions;

use mlflow_migrate_core::error::GraphError;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::graph::Graph;

/// The history of MLflow's tracking database.
///
/// # Errors
/// If the revisions do not form a graph.
pub fn tracking() -> Result<Catalogue, GraphError> {
    Ok(Catalogue {
        base: base::tables(),
        graph: Graph::new(versions::all())?,
        releases: releases::tracking(),
        others: others::all(),
    })
}

#[cfg(test)]
mod tests;
