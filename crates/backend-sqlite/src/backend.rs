//! What core asks of every database, for SQLite.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{Access, Backend, KeyedUpdate, Row, TableSize};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::event::stop::Stop;
use mlflow_migrate_core::plan::{Method, Plan, TableChange};
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{ForeignKey, Schema, Table};
use rusqlite::Connection;
use sea_query::{Query, QueryStatement, SelectStatement};

use crate::connect::{OpenOptions, Sqlite};
use crate::copy::copy;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::{
    execute, inspect, integrity, late, latest_metrics, method, preflight, rows, size, version,
};

#[async_trait]
impl Backend for Sqlite {
    fn platform(&self) -> &Platform {
        &Platform::SQLITE
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    async fn heed(&mut self, stop: &Stop) -> Result<(), Error> {
        self.interrupt_when(stop.clone()).await
    }

    async fn begin(&mut self, access: Access) -> Result<(), Error> {
        self.begin_session(access).await
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.commit_session().await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.rollback_session().await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        self.call(|connection, context| inspect::schema(connection, context)).await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        self.call(|connection, context| version::read(connection, context)).await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        let revision = revision.map(ToOwned::to_owned);
        self.call(move |connection, context| {
            version::write(connection, revision.as_deref(), context)
        })
        .await
    }

    async fn check_integrity(&mut self) -> Result<(), Error> {
        self.call(|connection, context| integrity::check(connection, context)).await
    }

    async fn back_up(&mut self, destination: &Path) -> Result<(), Error> {
        // A connection that writes cannot be copied from; its transaction lets others read.
        let options = OpenOptions { busy_timeout: self.busy_timeout, create: false };
        copy(&self.path, destination, &options).await
    }

    async fn preflight(&mut self, plan: &Plan) -> Result<Vec<Error>, Error> {
        let plan = plan.clone();
        let check = move |connection: &mut Connection, context: Context<'_>| {
            preflight::check(connection, &plan, context)
        };
        let (problems, asked) = self.call(check).await?;
        self.asked = Arc::new(asked);
        Ok(problems)
    }

    fn method(&self, change: &TableChange) -> Result<Method, Error> {
        method::describe(change)
    }

    /// SQLite drops no constraint: the table is made anew, without it.
    fn drop_foreign_key(&self, table: &Table, key: &ForeignKey) -> Vec<String> {
        let mut after = table.clone();
        after.foreign_keys.retain(|one| one != key);
        let change = TableChange { before: Some(table.clone()), after, revisions: Vec::new() };
        method::remake(&change)
    }

    async fn change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        let (change, progress, asked) = (change.clone(), progress.clone(), Arc::clone(&self.asked));
        self.call(move |connection, context| {
            execute::change(connection, &change, &progress, &asked, context)
        })
        .await
    }

    async fn remove(&mut self, leftovers: &[String]) -> Result<(), Error> {
        let leftovers = leftovers.to_vec();
        self.call(move |connection, context| {
            for table in &leftovers {
                let sql = format!("DROP TABLE {}", quote_identifier(table));
                connection
                    .execute_batch(&sql)
                    .map_err(|source| context.error(&format!("removing {table}"), source))?;
            }
            Ok(())
        })
        .await
    }

    async fn check_foreign_keys(&mut self, tables: &[String]) -> Result<(), Error> {
        self.compare_foreign_keys(tables).await
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.call(move |connection, context| rows::execute(connection, &statement, context)).await
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        self.call(move |connection, context| rows::query(connection, &select, context)).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        let update = update.clone();
        self.call(move |connection, context| rows::update(connection, &update, rows, context)).await
    }

    async fn update_late(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        let update = update.clone();
        self.call(move |connection, context| late::update(connection, &update, rows, context)).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.call(move |connection, context| {
            rows::insert(connection, table, columns, rows, context)
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
    async fn empty(
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

    async fn size(&mut self, table: &str) -> Result<TableSize, Error> {
        let table = table.to_owned();
        self.call(move |connection, context| size::of(connection, &table, context)).await
    }
}
