//! Describes the revision of a database.

use serde::{Deserialize, Serialize, Serializer};

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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// The revision; `None` is the base schema.
    pub revision: Option<String>,
    /// Whether the database holds no table of MLflow's, not even the base schema.
    pub empty: bool,
    /// Whether `alembic_version` names the revision.
    pub stamped: bool,
    /// Another version in `alembic_version`, which the user's statement overrules.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overruled: Option<String>,
}

/// Serializes a location as its revision.
pub(crate) fn revision_of<S: Serializer>(
    location: &Location,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    location.revision.serialize(serializer)
}

impl Location {
    /// Returns the version that `alembic_version` holds, if it holds one.
    #[must_use]
    pub(crate) fn version(&self) -> Option<&str> {
        if self.stamped { self.revision.as_deref() } else { self.overruled.as_deref() }
    }

    /// Returns the revision in words.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.empty { "an empty database" } else { label(self.revision.as_deref()) }
    }
}
