//! Offers faster alternatives to the neutral statements.

use async_trait::async_trait;
use sea_query::SelectStatement;

use super::{KeyedUpdate, Row, Rows};
use crate::error::Error;
use crate::event::Progress;

/// Faster alternatives for data migrations, each of them optional.
///
/// By default, the data migration uses the statements of [`Rows`] instead.
#[async_trait]
pub trait Accelerated: Rows {
    /// Fills `latest_metrics`, and returns its row count.
    ///
    /// Removes rows that a failed run of MLflow left. May keep rows that this upgrade had finished
    /// before it was interrupted. `None` means that nothing was done, and
    /// [`crate::data::LatestMetrics`] computes the rows.
    async fn fill_latest_metrics(&mut self, _progress: &Progress) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Counts the pairs of run and metric in `metrics`, which are about as many as `expected`.
    ///
    /// Called after `latest_metrics` was computed. `None` if counting is not cheap compared with
    /// that.
    async fn count_pairs(&mut self, _expected: u64) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Truncates a table, and returns the number of rows removed.
    ///
    /// `None` means that nothing was done: `others` finds rows to keep, or the database cannot
    /// truncate. `others` runs after all other sessions are locked out of writing to the table.
    async fn truncate_if_only(
        &mut self,
        _table: &'static str,
        _others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    /// Updates rows like [`Rows::update`], but possibly later.
    ///
    /// At the latest, the rows are written when the table next changes, or the upgrade commits. The
    /// caller reads none of these values before.
    async fn update_deferred(
        &mut self,
        update: &KeyedUpdate,
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.update(update, rows).await
    }

    /// Opens worker connections, which write ranges of rows in parallel.
    ///
    /// Each connection uses its own transaction, so only work that can be repeated is allowed.
    /// Empty where a second writer would wait for the first. May be fewer than `--jobs`, which a
    /// notice reports.
    async fn workers(&mut self, _progress: &Progress) -> Result<Vec<Box<dyn Rows>>, Error> {
        Ok(Vec::new())
    }
}
