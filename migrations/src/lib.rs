//! Holds every revision of MLflow's tracking database, one file each.
//!
//! [`tracking`] collects the revisions in a catalogue, with the schema of MLflow 0.9.1 before them,
//! their graph, and the release of each. The file named after a revision defines it, with literal
//! values only. So the meaning of a released file never changes.

mod base;
mod others;
mod releases;
mod versions;

use mlflow_migrate_core::error::GraphError;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::graph::Graph;

/// Returns the history of MLflow's tracking database.
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
