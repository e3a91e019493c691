//! Tables and their triggers.

use serde::{Deserialize, Serialize};

use super::{Check, Column, ForeignKey, Index, PrimaryKey, Unique};

/// A trigger, kept as the statements that make it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The `CREATE TRIGGER` statement.
    pub definition: String,
    /// The `CREATE FUNCTION` statement of the function that it calls (PostgreSQL).
    pub function: Option<String>,
    /// Why the server does not fire it, in the server's own word: `DISABLED` (PostgreSQL).
    #[serde(default)]
    pub inactive: Option<String>,
}

impl Trigger {
    /// A trigger that fires and calls no function.
    #[must_use]
    pub fn new(name: &str, definition: &str) -> Self {
        Self {
            name: name.to_owned(),
            definition: definition.to_owned(),
            function: None,
            inactive: None,
        }
    }
}

/// What can follow the parenthesis of SQLite's CREATE TABLE, or stand at its primary key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableOptions {
    /// `WITHOUT ROWID`.
    pub without_rowid: bool,
    /// `STRICT`.
    pub strict: bool,
    /// `PRIMARY KEY AUTOINCREMENT`.
    pub autoincrement: bool,
}

/// One table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns in their order.
    pub columns: Vec<Column>,
    /// Its primary key.
    pub primary_key: Option<PrimaryKey>,
    /// Its foreign keys in the order of their creation.
    pub foreign_keys: Vec<ForeignKey>,
    /// Its unique constraints in the order of their creation.
    pub uniques: Vec<Unique>,
    /// Its CHECK constraints in the order of their creation.
    pub checks: Vec<Check>,
    /// Its indexes, without those that are there for a constraint.
    pub indexes: Vec<Index>,
    /// Its triggers.
    pub triggers: Vec<Trigger>,
    /// The collation of columns that have none of their own (MySQL); a table that is still to be
    /// created gets the schema's.
    pub collation: Option<String>,
    /// SQLite's table options.
    pub options: TableOptions,
    /// Whether the server makes changes of another table here as well (PostgreSQL's partitions and
    /// tables that inherit): only one that is changed itself has to be as planned.
    #[serde(default)]
    pub follows: bool,
    /// What the model cannot express (SQLite's ON CONFLICT clauses, collated keys): such a table
    /// can be read and extended, but not rebuilt.
    pub inexpressible: Vec<String>,
}

impl Table {
    /// A table without columns.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Adds a column at the end.
    #[must_use]
    pub fn column(mut self, column: Column) -> Self {
        self.columns.push(column);
        self
    }

    /// Sets the primary key.
    #[must_use]
    pub fn primary_key(mut self, name: &str, columns: &[&str]) -> Self {
        self.primary_key = Some(PrimaryKey {
            name: Some(name.to_owned()),
            columns: columns.iter().map(ToString::to_string).collect(),
        });
        self
    }

    /// Adds a foreign key.
    #[must_use]
    pub fn foreign_key(mut self, foreign_key: ForeignKey) -> Self {
        self.foreign_keys.push(foreign_key);
        self
    }

    /// Adds a unique constraint that the database names.
    #[must_use]
    pub fn unique(mut self, columns: &[&str]) -> Self {
        let columns = columns.iter().map(ToString::to_string).collect();
        self.uniques.push(Unique { name: None, columns });
        self
    }

    /// Adds a unique constraint.
    #[must_use]
    pub fn unique_named(mut self, name: &str, columns: &[&str]) -> Self {
        let columns = columns.iter().map(ToString::to_string).collect();
        self.uniques.push(Unique { name: Some(name.to_owned()), columns });
        self
    }

    /// Adds a CHECK constraint.
    #[must_use]
    pub fn check(mut self, name: &str, expression: &str) -> Self {
        self.checks.push(Check::new(Some(name), expression));
        self
    }

    /// Adds an index.
    #[must_use]
    pub fn index(mut self, index: Index) -> Self {
        self.indexes.push(index);
        self
    }

    /// The column of that name.
    #[must_use]
    pub fn find_column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// See [`super::Schema::settle`].
    pub fn settle(&mut self) {
        for column in &mut self.columns {
            column.renamed_from = None;
        }
    }

    /// The columns of the primary key.
    #[must_use]
    pub fn key_columns(&self) -> &[String] {
        self.primary_key.as_ref().map_or(&[], |key| &key.columns)
    }
}
