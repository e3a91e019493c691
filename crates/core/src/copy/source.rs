//! Reads what the source of a copy holds.

use std::collections::BTreeSet;

use crate::backend::Backend;
use crate::error::Error;
use crate::graphs::GraphName;
use crate::history::catalogue::Catalogue;
use crate::history::location::{Assumption, Location};
use crate::locate::wrong_stamp;
use crate::plan::pending_cleanups;
use crate::schema::{Difference, Schema, differences};
use crate::upgrade::inspection::inspect;

/// The source of a copy.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its revision.
    pub(crate) location: Location,
    /// Its schema.
    pub(crate) live: Schema,
    /// The schema of its revision.
    pub(crate) state: Schema,
}

impl Source {
    /// Reads a source, whose session has begun.
    ///
    /// # Errors
    /// If the source is not MLflow's, is empty, lacks a table or a column of its revision, an upgrade
    /// of it is unfinished, or a cleanup is due.
    pub(crate) async fn read(
        source: &mut dyn Backend,
        catalogue: &Catalogue,
        assume: Option<&Assumption>,
    ) -> Result<Self, Error> {
        let (location, live) = inspect(source, catalogue, assume).await?;
        if location.empty {
            return Err(Error::Unsupported {
                url: source.name(),
                problem: "the source holds no table of MLflow's, so there is nothing to copy"
                    .to_owned(),
                remedy: "name the database that MLflow uses as the source".into(),
            });
        }
        let platform = source.platform().clone();
        if let Some(wrong) = wrong_stamp(catalogue, &platform, &live, &location)? {
            return Err(wrong);
        }
        if !pending_cleanups(catalogue, &platform, &location, &live).is_empty() {
            return Err(Error::Journal {
                name: source.name(),
                problem: "an upgrade has left rows that MLflow does not read, and the copy would \
                          keep them for good"
                    .to_owned(),
                remedy: "run `mlflow-migrate cleanup` on it first, or an upgrade".into(),
            });
        }
        let state = catalogue.state(location.revision.as_deref(), &platform)?;
        let mut missing = differences(&state, &live, &platform);
        missing.retain(Difference::is_missing_part);
        if missing.is_empty() {
            return Ok(Self { location, live, state });
        }
        Err(Error::Drift {
            table: catalogue.version_table(),
            revision: location.label().to_owned(),
            differences: missing,
            is_acceptable: false,
            repairs: Vec::new(),
            is_repairable: false,
        })
    }

    /// Returns the revision; `None` is the base schema.
    pub(crate) fn revision(&self) -> Option<&str> {
        self.location.revision.as_deref()
    }

    /// Returns the tables and columns that are not MLflow's, and stay behind.
    pub(crate) fn left_out(&self) -> Vec<String> {
        let mut names = BTreeSet::new();
        for (name, table) in &self.live.tables {
            let Some(own) = self.state.table(name) else {
                names.insert(name.clone());
                continue;
            };
            let others = table.columns.iter().filter(|it| own.find_column(&it.name).is_none());
            names.extend(others.map(|column| format!("{name}.{}", column.name)));
        }
        for graph in GraphName::ALL {
            names.remove(graph.version_table().name());
        }
        names.into_iter().collect()
    }
}
