//! Row access for data migrations in an SQLite database.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::database::Sqlite;
use crate::rows;

#[async_trait]
impl Rows for Sqlite {
    fn platform(&self) -> &Platform {
        &Platform::SQLITE
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

    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        Some(self)
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        None
    }
}
