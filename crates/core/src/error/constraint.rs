//! Describes rows that a constraint refuses.

/// Rows that violate a constraint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConstraintError {
    /// Rows violate a constraint that the plan adds.
    #[error("{table} holds rows ({count}) that {constraint} refuses")]
    Violated {
        /// The table.
        table: String,
        /// The constraint.
        constraint: String,
        /// The number of rows.
        count: u64,
        /// A query that finds these rows, where one exists.
        query: Option<String>,
    },
    /// Orphaned rows violate a foreign key that the upgrade adds or has checked again.
    #[error(
        "{table} holds rows ({count}) that {constraint} refuses: the rows that they reference do not exist"
    )]
    Orphans {
        /// The table.
        table: String,
        /// The foreign key.
        constraint: String,
        /// The number of rows.
        count: u64,
        /// A query that finds these rows.
        query: String,
        /// A statement that deletes these rows.
        delete: String,
    },
}

impl ConstraintError {
    /// Returns a query that finds the rows, where one exists.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        match self {
            Self::Violated { query, .. } => query.as_deref(),
            Self::Orphans { query, .. } => Some(query),
        }
    }
}
