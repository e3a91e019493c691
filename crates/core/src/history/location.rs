//! Describes the revision of a database.

use serde::{Deserialize, Serialize};

use crate::error::label;

/// The prefix of Alembic's own tables, which MLflow's emptiness check ignores.
pub(crate) const ALEMBIC_PREFIX: &str = "alembic_";

/// The prefix of the table under which Alembic rebuilds an SQLite table.
///
/// A killed run leaves this table behind.
pub(crate) const LEFTOVER_PREFIX: &str = "_alembic_tmp_";

/// The user's statement about a database without a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assumption {
    /// The database holds no table of MLflow's yet.
    Empty,
    /// The database is at this revision; `None` is the base schema.
    At(Option<String>),
}

/// The revision of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The revision; `None` is the base schema.
    pub revision: Option<String>,
    /// Whether the database holds no table of MLflow's, not even the base schema.
    pub empty: bool,
    /// Whether `alembic_version` names the revision.
    pub stamped: bool,
}

impl Location {
    /// Returns the revision in words.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.empty { "an empty database" } else { label(self.revision.as_deref()) }
    }
}
