//! Where in the graph a database is.

use serde::{Deserialize, Serialize};

use crate::error::label;

/// Alembic's own tables, which MLflow's emptiness check ignores, begin like this.
pub(crate) const ALEMBIC_PREFIX: &str = "alembic_";

/// Alembic rebuilds an SQLite table under a name that begins like this; a run that was killed
/// leaves it behind.
pub(crate) const LEFTOVER_PREFIX: &str = "_alembic_tmp_";

/// What the user says about a database that does not say it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// It holds nothing of MLflow's yet.
    Empty,
    /// It is at this revision; `None` is the base schema.
    At(Option<String>),
}

/// Where a database is in the graph.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The revision; `None` is the base schema.
    pub revision: Option<String>,
    /// Whether there is nothing of MLflow's yet, not even the base schema.
    pub empty: bool,
    /// Whether `alembic_version` says so.
    pub stamped: bool,
}

impl Location {
    /// The revision in words.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.empty { "an empty database" } else { label(self.revision.as_deref()) }
    }
}
