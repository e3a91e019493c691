//! Row access for data migrations in a PostgreSQL database.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::database::Postgres;
use crate::rows;

#[async_trait]
impl Rows for Postgres {
    fn platform(&self) -> &Platform {
        &Platform::POSTGRES
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        rows::execute(self, &statement).await
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        rows::query(self, &select).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        rows::update(self, update, rows).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        rows::insert(self, table, columns, rows).await
    }

    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        Some(self)
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        None
    }
}
