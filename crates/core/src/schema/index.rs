//! Models indexes.

use serde::{Deserialize, Serialize};

use super::Object;
use super::constraint::normalize_expression;

/// PostgreSQL's word for an index that it has not built to the end.
const INVALID: &str = "INVALID";

/// One column of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexColumn {
    /// The name of the column, or the expression of an index over an expression.
    pub name: String,
    /// Whether the column is stored in descending order.
    pub descending: bool,
    /// MySQL's prefix length: the number of characters that are indexed.
    pub prefix_length: Option<u32>,
}

impl From<&str> for IndexColumn {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), descending: false, prefix_length: None }
    }
}

/// An index that does not belong to a constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// The name of the index.
    pub name: String,
    /// Whether the index refuses duplicates.
    pub unique: bool,
    /// The columns, in order.
    pub columns: Vec<IndexColumn>,
    /// Columns stored in the index that are not part of its key (PostgreSQL).
    pub include: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// The statement that created the index, if the fields above cannot express it.
    ///
    /// An expression or a collation is an example. Such an index is created again from this text.
    pub definition: Option<String>,
    /// Whether InnoDB probably created the index automatically for a foreign key.
    ///
    /// InnoDB drops such an index when another index covers its columns.
    pub automatic: bool,
    /// The server's own word if it does not use the index.
    ///
    /// `INVALID` (PostgreSQL), `INVISIBLE` (MySQL), `IGNORED` (MariaDB).
    #[serde(default)]
    pub inactive: Option<String>,
}

impl Index {
    /// Returns an index without further properties.
    #[must_use]
    pub fn new(name: &str, columns: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            unique: false,
            columns: columns.iter().map(|column| IndexColumn::from(*column)).collect(),
            include: Vec::new(),
            predicate: None,
            definition: None,
            automatic: false,
            inactive: None,
        }
    }

    /// Makes the index refuse duplicates.
    #[must_use]
    pub fn unique(mut self) -> Self {
        self.unique = true;
        self
    }

    /// Adds a column in descending order.
    #[must_use]
    pub fn descending(mut self, column: &str) -> Self {
        self.columns.push(IndexColumn { descending: true, ..IndexColumn::from(column) });
        self
    }

    /// Indexes only the first `length` characters of a column on MySQL.
    #[must_use]
    pub fn prefix(mut self, column: &str, length: u32) -> Self {
        for indexed in self.columns.iter_mut().filter(|indexed| indexed.name == column) {
            indexed.prefix_length = Some(length);
        }
        self
    }

    /// Stores further columns in the index.
    #[must_use]
    pub fn include(mut self, columns: &[&str]) -> Self {
        self.include = columns.iter().map(ToString::to_string).collect();
        self
    }

    /// Indexes only the rows that satisfy a condition.
    #[must_use]
    pub fn filter(mut self, predicate: &str) -> Self {
        self.predicate = Some(predicate.to_owned());
        self
    }

    /// Returns the names of the key's columns.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Returns whether the index is what a server has left of another one that it could not build.
    pub(crate) fn is_leftover_of(&self, wanted: &Self) -> bool {
        let complete = Self { inactive: None, ..self.clone() };
        self.inactive.as_deref() == Some(INVALID) && complete.describe() == wanted.describe()
    }

    /// Describes the whole index: two indexes with the same description are equal.
    pub(crate) fn describe(&self) -> String {
        Object::Index(self.clone()).to_string()
    }

    /// Returns the content of the index without its name.
    ///
    /// Two indexes with the same content find the same rows.
    pub(crate) fn content(&self) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| {
                let prefix =
                    column.prefix_length.map_or(String::new(), |length| format!("({length})"));
                format!("{}{prefix}{}", column.name, if column.descending { " DESC" } else { "" })
            })
            .collect();
        let mut text = format!("({})", columns.join(", "));
        if !self.include.is_empty() {
            text += &format!(" INCLUDE ({})", self.include.join(", "));
        }
        if let Some(predicate) = &self.predicate {
            text += &format!(" WHERE {}", normalize_expression(predicate));
        }
        text
    }
}
