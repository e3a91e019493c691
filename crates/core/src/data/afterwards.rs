//! Removes rows after an upgrade that MLflow then no longer reads.
//!
//! The upgrade leaves the rows, and a note that they are there: an empty table of our own. The rows
//! are removed while MLflow serves, and the note after the last of them. Alembic and MLflow ignore
//! tables whose names begin with `alembic_`.

use std::sync::Arc;

use async_trait::async_trait;

use super::DataMigration;
use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::platform::Platform;
use crate::schema::{Table, big_integer};

/// What the names of the notes begin with.
const PREFIX: &str = "alembic_mlflow_migrate_cleanup_";

/// Returns the table that notes that the rows of a revision are still there.
///
/// It stays empty. Some servers accept no table without a primary key.
pub(crate) fn note(revision: &str) -> Table {
    let name = note_of(revision);
    Table::new(&name)
        .column(big_integer("unused").not_null())
        .primary_key(&format!("{name}_pk"), &["unused"])
}

/// Returns the name of [`note`].
pub(crate) fn note_of(revision: &str) -> String {
    format!("{PREFIX}{revision}")
}

/// Returns whether a table is a [`note`].
pub(crate) fn is_note(table: &str) -> bool {
    table.starts_with(PREFIX)
}

/// A data migration that removes rows which MLflow no longer reads.
#[async_trait]
pub trait Afterwards: Send + Sync {
    /// Returns what of the migration cannot wait until MLflow serves; `None` if all of it can.
    fn at_once(&self, platform: &Platform) -> Option<Arc<dyn DataMigration>>;

    /// Removes the rows in short transactions, and returns their number.
    ///
    /// # Errors
    /// If the database cannot be read or written, others keep a row locked, or the user stops the
    /// work.
    async fn run(&self, rows: &mut dyn Rows, progress: &Progress) -> Result<u64, Error>;
}
