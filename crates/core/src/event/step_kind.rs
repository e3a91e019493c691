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
    /// A table that the target does not have is dropped.
    DropTable,
    /// A table or an index is made, filled or dropped while other programs use the database.
    OnlineChange,
    /// A data migration writes rows.
    DataMigration,
    /// All tables of a new database are created.
    CreateTables,
    /// Rows are checked before they are copied.
    CheckRows,
    /// The rows of a table are copied from another database.
    CopyRows,
    /// The indexes and constraints of copied tables are made.
    AddConstraints,
}
