//! Names MLflow's migration graphs, and the version table of each.

use std::fmt;

use serde::Serialize;

/// One of MLflow's migration graphs, each with a version table of its own.
///
/// One database may hold the tables of both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GraphName {
    /// The tracking store, with the model registry.
    #[default]
    Tracking,
    /// The users and permissions of `mlflow server --app-name basic-auth`.
    Auth,
}

impl GraphName {
    /// Every graph, in the order in which a database is upgraded.
    pub const ALL: [Self; 2] = [Self::Tracking, Self::Auth];

    /// Returns the graph's name, as arguments and JSON write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tracking => "tracking",
            Self::Auth => "auth",
        }
    }

    /// Returns the table that names the graph's revision of a database.
    #[must_use]
    pub const fn version_table(self) -> VersionTable {
        match self {
            Self::Tracking => VersionTable::named("alembic_version"),
            Self::Auth => VersionTable::named("alembic_version_auth"),
        }
    }

    /// Returns whether a table is the version table of a graph.
    #[must_use]
    pub fn has_version_table(name: &str) -> bool {
        Self::ALL.iter().any(|graph| graph.version_table().name() == name)
    }

    /// Returns what a message calls the part of MLflow that owns the graph.
    #[must_use]
    pub const fn owner(self) -> &'static str {
        match self {
            Self::Tracking => "MLflow's tracking store",
            Self::Auth => "MLflow's auth app",
        }
    }
}

impl fmt::Display for GraphName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A version table of Alembic's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VersionTable(&'static str);

impl VersionTable {
    /// Returns the version table with a name, which must need no quotes.
    const fn named(name: &'static str) -> Self {
        Self(name)
    }

    /// Returns the table's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Returns the statement that creates the table as Alembic does on every dialect.
    #[must_use]
    pub fn create(self) -> String {
        format!(
            "CREATE TABLE {self} (\n\tversion_num VARCHAR(32) NOT NULL, \n\t\
             CONSTRAINT {self}_pkc PRIMARY KEY (version_num)\n)"
        )
    }
}

impl fmt::Display for VersionTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}
