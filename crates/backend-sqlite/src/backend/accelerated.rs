//! Operations that SQLite runs faster than core's portable statements would.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, Rows};
use sea_query::{Query, QueryStatement, SelectStatement};

use crate::database::Sqlite;
use crate::latest_metrics;
use crate::rows::deferred_update;

#[async_trait]
impl Accelerated for Sqlite {
    async fn update_deferred(
        &mut self,
        update: &KeyedUpdate,
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        let update = update.clone();
        self.call(move |connection, context| {
            deferred_update::update(connection, &update, rows, context)
        })
        .await
    }

    async fn fill_latest_metrics(&mut self, progress: &Progress) -> Result<Option<u64>, Error> {
        let progress = progress.clone();
        self.call(move |connection, context| latest_metrics::fill(connection, &progress, context))
            .await
    }

    /// Deletes all rows. Without a condition or triggers, SQLite frees the pages and reads no row.
    ///
    /// `_others` needs no second query, which core ran before. SQLite has one writer at a time, so
    /// no other session has added rows since.
    async fn truncate_if_only(
        &mut self,
        table: &'static str,
        _others: SelectStatement,
    ) -> Result<Option<u64>, Error> {
        let delete = Query::delete().from_table(table).take();
        self.execute(QueryStatement::Delete(delete)).await.map(Some)
    }

    async fn count_pairs(&mut self, expected: u64) -> Result<Option<u64>, Error> {
        self.call(move |connection, context| {
            latest_metrics::pairs::count(connection, expected, context)
        })
        .await
    }
}
