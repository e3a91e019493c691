//! What a step does, in one word.

use serde::Serialize;

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepKind {
    /// Tables that an interrupted Alembic run has left are removed.
    RemoveLeftovers,
    /// A table is created.
    CreateTable,
    /// A table is changed.
    ChangeTable,
    /// A data migration writes rows.
    DataMigration,
}
