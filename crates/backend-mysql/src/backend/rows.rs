//! Row access for data migrations, on MySQL and MariaDB.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::platform::Platform;
use sea_query::{QueryStatement, SelectStatement};

use crate::database::Mysql;
use crate::lock::naming_holders;
use crate::rows;

#[async_trait]
impl Rows for Mysql {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        let (connection, canceller) = (&mut self.connection, self.canceller.as_ref());
        let done = rows::execute(connection, canceller, &statement, &self.context).await;
        naming_holders(self, done).await
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        rows::query(&mut self.connection, &select, &self.context).await
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        let done = rows::update(&mut self.connection, update, &rows, &self.context).await;
        naming_holders(self, done).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        let done = rows::insert(&mut self.connection, table, columns, rows, &self.context).await;
        naming_holders(self, done).await
    }

    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        Some(self)
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        Some(self)
    }
}
