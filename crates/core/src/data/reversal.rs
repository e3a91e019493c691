//! Declares how a downgrade undoes a data migration.

use sea_query::Condition;

/// How a downgrade undoes a data migration.
#[derive(Clone, Debug)]
pub enum Reversal {
    /// Everything that the migration wrote is dropped with the tables and columns of its revision.
    ///
    /// Holds the rows and values that the same upgrade would write again: no loss.
    Remove(Vec<Again>),
    /// The migration overwrote or deleted rows, or mixed its own rows with others.
    Irreversible {
        /// The reason, as the second half of a sentence.
        why: &'static str,
        /// The rows that the migration may have changed. Without any, nothing has to be undone.
        rows: Vec<(&'static str, Condition)>,
    },
}

/// Rows or values that a data migration computes from others, and computes again.
#[derive(Clone, Debug)]
pub struct Again {
    /// The table.
    pub table: &'static str,
    /// The column; `None` for whole rows.
    pub column: Option<&'static str>,
    /// The condition under which a row, or its value, is what the migration would write again.
    pub condition: Condition,
}

impl Reversal {
    /// Returns the reversal of a migration that wrote nothing.
    #[must_use]
    pub fn nothing() -> Self {
        Self::Remove(Vec::new())
    }
}
