//! Holds every revision of MLflow's databases, one file each.
//!
//! [`tracking`] collects the revisions of the tracking store in a catalogue, with the schema of
//! MLflow 0.9.1 before them, their graph, and the release of each. [`auth`] collects the auth app's. The file named after a revision defines it, with literal
//! values only. So the meaning of a released file never changes.

mod auth;
mod base;
mod others;
mod releases;
mod versions;

use mlflow_migrate_core::error::GraphError;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::catalogue::{Catalogue, Companion, MarkedTable};
use mlflow_migrate_core::history::graph::Graph;
use mlflow_migrate_core::schema::Table;
use mlflow_migrate_core::schema::platform::{Dialect, Platform};

/// Returns the history of MLflow's tracking database.
///
/// # Errors
/// If the revisions do not form a graph.
pub fn tracking() -> Result<Catalogue, GraphError> {
    let companions = vec![companion(auth_alone()?)];
    Ok(Catalogue { companions, ..tracking_alone()? })
}

/// Returns the history of the auth app's database, which begins empty.
///
/// # Errors
/// If the revisions do not form a graph.
pub fn auth() -> Result<Catalogue, GraphError> {
    let companions = vec![companion(tracking_alone()?)];
    Ok(Catalogue { companions, ..auth_alone()? })
}

/// Returns what another graph has to know of a graph.
fn companion(of: Catalogue) -> Companion {
    Companion { name: of.name, tables: of.table_names(&Platform::SQLITE), marks: of.marks }
}

fn tracking_alone() -> Result<Catalogue, GraphError> {
    let base = base::tables();
    Ok(Catalogue {
        name: GraphName::Tracking,
        marks: base.iter().filter_map(mark).collect(),
        base,
        companions: Vec::new(),
        graph: Graph::new(versions::all())?,
        impossible: Vec::new(),
        releases: releases::tracking(),
        others: others::all(),
    })
}

fn auth_alone() -> Result<Catalogue, GraphError> {
    Ok(Catalogue {
        name: GraphName::Auth,
        base: Vec::new(),
        marks: auth::marks(),
        companions: Vec::new(),
        graph: Graph::new(auth::all())?,
        impossible: vec![(
            Dialect::Mysql,
            "MLflow's first revision of it gives two foreign keys the same name, which MySQL and \
             MariaDB refuse",
        )],
        releases: auth::releases(),
        others: Vec::new(),
    })
}

/// Returns a table of the base schema as a mark: its name and its key columns.
///
/// Other programs have tables of these names, but without a run or an experiment in their keys.
fn mark(table: &Table) -> Option<MarkedTable> {
    let key = table.primary_key.as_ref()?;
    Some(MarkedTable { table: table.name.clone(), columns: key.columns.clone() })
}

#[cfg(test)]
mod tests;
