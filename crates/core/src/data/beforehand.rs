//! Computes values of a data migration while MLflow still writes.
//!
//! Beside each row that is filled, a digest of its sources is noted, in a table of our own. The
//! upgrade compares the digests with the sources as they are then, and computes again what has
//! changed since. Alembic and MLflow ignore tables whose names begin with `alembic_`.

use async_trait::async_trait;

use crate::error::Error;
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::{Schema, Table, big_integer};

/// The column of a digest.
pub(crate) const DIGEST: &str = "digest";

/// What the names of the tables of digests begin with.
pub(crate) const PREFIX: &str = "alembic_mlflow_migrate_filled_";

/// The most rows that are filled in one transaction: others may wait for one of them.
pub(crate) const ROWS_AT_ONCE: usize = 250;

/// A table that can be filled beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilledTable {
    /// The table.
    pub table: &'static str,
    /// The column that is its key.
    pub key: &'static str,
    /// The table that notes which rows are filled.
    pub digests: &'static str,
}

impl FilledTable {
    /// Returns the table of the digests, whose key is compared as that of the filled table.
    ///
    /// A new table would have the database's collation, which may not be the filled table's.
    ///
    /// `None` if the live schema lacks the filled table, or its key.
    pub(crate) fn digests_in(&self, live: &Schema) -> Option<Table> {
        let filled = live.table(self.table)?;
        let mut key = filled.find_column(self.key)?.clone();
        key.collation = live.collation_of(filled, &key);
        Some(
            Table::new(self.digests)
                .column(key)
                .column(big_integer(DIGEST).not_null())
                .primary_key(&format!("{}_pk", self.digests), &[self.key]),
        )
    }

    /// Returns whether rows of the table were filled beforehand.
    pub(crate) fn is_filled(&self, live: &Schema) -> bool {
        live.table(self.digests).is_some()
    }
}

/// A data migration, some of whose values can be computed beforehand.
#[async_trait]
pub trait Beforehand: Send + Sync {
    /// Returns the tables that can be filled.
    fn tables(&self) -> &'static [FilledTable];

    /// Returns why a table of the live schema is not filled beforehand; `None` if it is.
    fn obstacle(&self, table: &FilledTable, live: &Schema) -> Option<&'static str>;

    /// Fills a table, and returns the number of rows that it has filled.
    ///
    /// The table has its new columns, and that of the digests exists. Each transaction is short. Rows
    /// that others keep locked stay as they are.
    ///
    /// # Errors
    /// If the database cannot be read or written, or the user stops the work.
    async fn fill(
        &self,
        table: &FilledTable,
        rows: &mut dyn Rows,
        progress: &Progress,
    ) -> Result<u64, Error>;
}
