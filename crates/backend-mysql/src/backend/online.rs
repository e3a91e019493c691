//! Changes of MySQL and MariaDB tables while other programs use them.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::OnlineChanges;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::rows::Rows;
use mlflow_migrate_core::schema::Index;

use crate::database::Mysql;
use crate::{connect, online};

#[async_trait]
impl OnlineChanges for Mysql {
    async fn begin_online(&mut self) -> Result<(), Error> {
        online::begin(self).await
    }

    /// Returns none: InnoDB indexes every table online, or refuses at once.
    async fn tables_left_out(&mut self, _: &[String]) -> Result<Vec<(String, String)>, Error> {
        Ok(Vec::new())
    }

    async fn change_briefly(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<(), Error> {
        online::change_briefly(self, change, progress).await
    }

    async fn drop_table(&mut self, table: &str, progress: &Progress) -> Result<(), Error> {
        online::drop_table(self, table, progress).await
    }

    async fn rows_online(&mut self) -> Result<Box<dyn Rows>, Error> {
        Ok(Box::new(connect::open_online(self).await?))
    }

    async fn running_statements(&mut self) -> Result<u64, Error> {
        online::running_statements(self).await
    }

    async fn create_index(
        &mut self,
        table: &str,
        index: &Index,
        progress: &Progress,
    ) -> Result<(), Error> {
        online::create_index(self, table, index, progress).await
    }

    async fn drop_index(
        &mut self,
        table: &str,
        index: &str,
        progress: &Progress,
    ) -> Result<(), Error> {
        online::drop_index(self, table, index, progress).await
    }
}
