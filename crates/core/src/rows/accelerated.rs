//! What one database does faster than the neutral statements do it.

use async_trait::async_trait;
use sea_query::SelectStatement;

use super::{KeyedUpdate, Row, Rows};
use crate::error::Error;
use crate::event::Progress;

/// Faster ways to do what data migrations do. Each of them is optional: the default is no faster way,
/// and the data migration then does the same with the statements of [`Rows`].
#[async_trait]
pub trait Accelerated: Rows {
    /// Fills `latest_metrics`, and returns how many rows it has then. What a run of MLflow that failed
    /// has left in the table goes; what this upgrade had finished before it was interrupted may stay.
    /// `None` means that nothing was done ([`crate::data::LatestMetrics`] then computes it).
    async fn fill_latest_metrics(&mut self, _progress: &Progress) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Counts the pairs of run and metric in `metrics`, which are about as many as `expected`. Called
    /// when `latest_metrics` was computed; `None` if no count is cheap beside that.
    async fn count_pairs(&mut self, _expected: u64) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Removes all rows of a table at once, and returns how many there were. `None` means that nothing
    /// was done: `others` finds rows that have to stay, or the database cannot do it. `others` is asked
    /// when no other session can write to the table any more.
    async fn truncate_if_only(
        &mut self,
        _table: &'static str,
        _others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Writes over rows like [`Rows::update`], at the latest when the table changes next or the upgrade
    /// commits. The caller reads none of these values before.
    async fn update_deferred(
        &mut self,
        update: &KeyedUpdate,
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.update(update, rows).await
    }

    /// Opens worker connections, on which ranges of rows are written side by side, each in its own
    /// transaction: only for work that can be done again. Empty where a second writer would wait for the
    /// first; may be fewer than `--jobs`, which is reported as a notice.
    async fn workers(&mut self, _progress: &Progress) -> Result<Vec<Box<dyn Rows>>, Error> {
        Ok(Vec::new())
    }
}
