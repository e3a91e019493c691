//! What SQLite does faster than the neutral statements.

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

    /// Without a condition, SQLite frees the pages of a table that has no triggers, and looks at no row.
    /// Nobody else can have written any since it was asked for others: it has one writer at a time.
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
