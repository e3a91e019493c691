//! Indexes.

use serde::{Deserialize, Serialize};

use super::Object;
use super::constraint::normalize_expression;

/// One column of an index.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexColumn {
    /// The column's name; for an index over an expression, the expression.
    pub name: String,
    /// Whether it is stored in descending order.
    pub descending: bool,
    /// MySQL's prefix length: only so many characters are indexed.
    pub prefix_length: Option<u32>,
}

impl From<&str> for IndexColumn {
    fn from(name: &str) -> Self {
        Self { name: name.to_owned(), descending: false, prefix_length: None }
    }
}

/// An index that is not there for a constraint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name.
    pub name: String,
    /// Whether it refuses duplicates.
    pub unique: bool,
    /// Its columns in their order.
    pub columns: Vec<IndexColumn>,
    /// Columns that are stored in the index without being part of its key (PostgreSQL).
    pub include: Vec<String>,
    /// The condition of a partial index.
    pub predicate: Option<String>,
    /// The statement that made it, for an index that says more than the fields above (an
    /// expression, a collation): such an index is made again by this text.
    pub definition: Option<String>,
    /// Whether InnoDB has made it for a foreign key by itself, as far as can be told: it drops such
    /// an index once another one covers it.
    pub automatic: bool,
    /// Why the server does not use it, in the server's own word: `INVALID` (PostgreSQL),
    /// `INVISIBLE` (MySQL), `IGNORED` (MariaDB).
    #[serde(default)]
    pub inactive: Option<String>,
}

impl Index {
    /// A plain index.
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

    /// Refuses duplicates.
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

    /// The names of the key's columns.
    pub fn column_names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The whole index in words: two that are described alike are the same.
    pub(crate) fn describe(&self) -> String {
        Object::Index(self.clone()).to_string()
    }

    /// What the index says, without its name: two whose contents agree find the same rows.
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
