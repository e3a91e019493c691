//! Models tables and their triggers.

use serde::{Deserialize, Serialize};

use super::{Check, Column, ForeignKey, Index, PrimaryKey, Unique};

/// A trigger, stored as the statements that create it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// The name of the trigger.
    pub name: String,
    /// The `CREATE TRIGGER` statement.
    pub definition: String,
    /// The `CREATE FUNCTION` statement of the trigger's function (PostgreSQL).
    pub function: Option<String>,
    /// The server's own word if it does not fire the trigger: `DISABLED` (PostgreSQL).
    #[serde(default)]
    pub inactive: Option<String>,
}

impl Trigger {
    /// Returns an enabled trigger that calls no function.
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

/// The options after the parenthesis of SQLite's CREATE TABLE, or of its primary key.
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
    /// The name of the table.
    pub name: String,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The primary key.
    pub primary_key: Option<PrimaryKey>,
    /// The foreign keys, in the order of creation.
    pub foreign_keys: Vec<ForeignKey>,
    /// The unique constraints, in the order of creation.
    pub uniques: Vec<Unique>,
    /// The CHECK constraints, in the order of creation.
    pub checks: Vec<Check>,
    /// The indexes that do not belong to a constraint.
    pub indexes: Vec<Index>,
    /// The triggers.
    pub triggers: Vec<Trigger>,
    /// The collation of columns without a collation of their own (MySQL).
    ///
    /// A new table gets the schema's collation.
    pub collation: Option<String>,
    /// SQLite's table options.
    pub options: TableOptions,
    /// Whether the server also applies changes of another table here.
    ///
    /// PostgreSQL does so for partitions and inheriting tables. Such a table must be as planned
    /// only if the plan changes it directly.
    #[serde(default)]
    pub follows: bool,
    /// What the model cannot express: SQLite's ON CONFLICT clauses, and collated keys.
    ///
    /// Such a table can be read and extended, but not rewritten.
    pub inexpressible: Vec<String>,
}

impl Table {
    /// Returns a table without columns.
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

    /// Sets a primary key that the database names.
    #[must_use]
    pub fn unnamed_primary_key(mut self, columns: &[&str]) -> Self {
        let columns = columns.iter().map(ToString::to_string).collect();
        self.primary_key = Some(PrimaryKey { name: None, columns });
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

    /// Returns the column of that name.
    #[must_use]
    pub fn find_column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Clears the former names of columns: see [`super::Schema::settle`].
    pub fn settle(&mut self) {
        for column in &mut self.columns {
            column.renamed_from = None;
        }
    }

    /// Returns the columns of the primary key.
    #[must_use]
    pub fn key_columns(&self) -> &[String] {
        self.primary_key.as_ref().map_or(&[], |key| &key.columns)
    }
}
