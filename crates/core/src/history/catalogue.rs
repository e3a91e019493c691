//! Holds a whole history: base schema, graph of revisions, and the releases that expect them.

use std::collections::BTreeSet;

use crate::error::{Error, TargetError, label};
use crate::graphs::{GraphName, VersionTable};
use crate::history::graph::Graph;
use crate::history::release::Releases;
use crate::history::revision::{Action, Revision};
use crate::schema::op::Op;
use crate::schema::platform::{Dialect, Platform};
use crate::schema::{Schema, Table};

/// The history of one application's database schema.
#[derive(Clone, Debug)]
pub struct Catalogue {
    /// The name of the graph, which has a version table of its own.
    pub name: GraphName,
    /// The tables that existed before the first revision.
    pub base: Vec<Table>,
    /// Tables by whose columns the application is recognised where no version is.
    pub marks: Vec<MarkedTable>,
    /// MLflow's other graphs, which may have their tables in the same database.
    pub companions: Vec<Companion>,
    /// The revisions.
    pub graph: Graph,
    /// The dialects on which the application cannot have its tables, each with the reason.
    pub impossible: Vec<(Dialect, &'static str)>,
    /// The application's releases.
    pub releases: Releases,
    /// Other applications that use a version table of the same name.
    pub others: Vec<OtherProgram>,
}

/// A table that only this application has, with these columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MarkedTable {
    /// The table.
    pub table: String,
    /// Columns that other applications' tables of this name lack.
    pub columns: Vec<String>,
}

/// Another of MLflow's graphs.
#[derive(Clone, Debug)]
pub struct Companion {
    /// The graph.
    pub name: GraphName,
    /// The tables by which the graph is recognised.
    pub marks: Vec<MarkedTable>,
    /// The names of all tables that the graph has ever had.
    pub tables: BTreeSet<String>,
}

/// Another application that may have its tables or version in MLflow's place.
#[derive(Clone, Copy, Debug)]
pub struct OtherProgram {
    /// The name of the application.
    pub name: &'static str,
    /// Returns whether a revision is the application's own.
    pub has_revision: fn(&str) -> bool,
    /// Returns what only this application adds to MLflow's tables, if a schema has it.
    pub marks: fn(&Schema) -> Option<String>,
    /// How to run MLflow beside the application, or in its place.
    pub advice: &'static str,
}

impl Catalogue {
    /// Returns the table that names a database's revision.
    #[must_use]
    pub const fn version_table(&self) -> VersionTable {
        self.name.version_table()
    }

    /// Returns whether the base schema has no tables: the first revision creates all.
    #[must_use]
    pub const fn begins_empty(&self) -> bool {
        self.base.is_empty()
    }

    /// Returns whether the application cannot have its tables on a dialect.
    #[must_use]
    pub fn is_impossible_on(&self, dialect: Dialect) -> bool {
        self.impossible.iter().any(|(one, _)| *one == dialect)
    }

    /// Refuses a database on which the application cannot have its tables.
    ///
    /// # Errors
    /// [`Error::Unsupported`], with the reason.
    pub(crate) fn refuse_dialect(&self, dialect: Dialect, database: &str) -> Result<(), Error> {
        match self.impossible.iter().find(|(one, _)| *one == dialect) {
            None => Ok(()),
            Some((_, reason)) => Err(Error::Unsupported {
                url: database.to_owned(),
                problem: format!("{} cannot have its tables here: {reason}", self.name.owner()),
                remedy: "keep its tables in SQLite or PostgreSQL, as MLflow itself needs".into(),
            }),
        }
    }

    /// Returns the schema at a revision, as the application's own chain makes it.
    ///
    /// `None` is the base schema.
    ///
    /// # Errors
    /// If the revision is unknown, or the catalogue contradicts itself.
    pub fn state(&self, revision: Option<&str>, platform: &Platform) -> Result<Schema, Error> {
        let mut schema = self.base_schema(platform)?;
        let path = self.graph.path(None, revision).unwrap_or_default();
        for revision in path {
            apply_revision(&mut schema, revision, platform)?;
        }
        schema.settle();
        Ok(schema)
    }

    /// Returns the pending revisions between two revisions, in order. `None` is the base schema.
    ///
    /// # Errors
    /// If the second one does not follow the first one.
    pub(crate) fn path(
        &self,
        current: Option<&str>,
        target: Option<&str>,
    ) -> Result<Vec<&Revision>, Error> {
        self.graph.path(current, target).ok_or_else(|| {
            Error::Target(TargetError::TargetBehind {
                current: label(current).to_owned(),
                target: label(target).to_owned(),
            })
        })
    }

    /// Returns the revisions that a downgrade undoes, the oldest first.
    ///
    /// # Errors
    /// If the target follows the current revision.
    pub(crate) fn path_back(
        &self,
        current: Option<&str>,
        target: Option<&str>,
    ) -> Result<Vec<&Revision>, Error> {
        self.graph.path(target, current).ok_or_else(|| {
            Error::Target(TargetError::TargetAhead {
                current: label(current).to_owned(),
                target: label(target).to_owned(),
            })
        })
    }

    /// Returns every state from base to head, in the graph's order, with the revision's id.
    ///
    /// # Errors
    /// If the catalogue contradicts itself. Branches are not supported.
    pub fn states(&self, platform: &Platform) -> Result<Vec<(Option<String>, Schema)>, Error> {
        let mut schema = self.base_schema(platform)?;
        let mut states = vec![(None, schema.clone())];
        for revision in self.graph.revisions() {
            apply_revision(&mut schema, revision, platform)?;
            schema.settle();
            states.push((Some(revision.id.clone()), schema.clone()));
        }
        Ok(states)
    }

    /// Returns the names of all tables that the application has ever had.
    #[must_use]
    pub fn table_names(&self, platform: &Platform) -> BTreeSet<String> {
        let mut names: BTreeSet<String> =
            self.base.iter().map(|table| table.name.clone()).collect();
        for revision in self.graph.revisions() {
            names.extend(revision.actions(platform).filter_map(|action| match action {
                Action::Schema(op) => Some(op.table().to_owned()),
                Action::Data(_) => None,
            }));
        }
        names
    }

    /// Returns the operations that create the base schema.
    #[must_use]
    pub fn base_ops(&self) -> Vec<Op> {
        self.base.iter().cloned().map(Op::CreateTable).collect()
    }

    fn base_schema(&self, platform: &Platform) -> Result<Schema, Error> {
        let mut schema = Schema::default();
        for op in self.base_ops() {
            schema.apply(&op, platform).map_err(|source| Error::edit("base", source))?;
        }
        Ok(schema)
    }
}

fn apply_revision(
    schema: &mut Schema,
    revision: &Revision,
    platform: &Platform,
) -> Result<(), Error> {
    for action in revision.actions(platform) {
        if let Action::Schema(op) = action {
            schema.apply(op, platform).map_err(|source| Error::edit(&revision.id, source))?;
        }
    }
    Ok(())
}
