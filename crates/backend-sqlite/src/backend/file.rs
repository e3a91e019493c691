//! SQLite's implementation of the operations on a database file.

use std::path::Path;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{FileDatabase, FileSpace};

use crate::database::Sqlite;
use crate::preflight::integrity;
use crate::{backup, file_space};

#[async_trait]
impl FileDatabase for Sqlite {
    async fn check_integrity(&mut self) -> Result<(), Error> {
        self.call(|connection, context| integrity::check(connection, context)).await
    }

    async fn space(&mut self) -> Result<FileSpace, Error> {
        file_space::of(self)
    }

    async fn back_up(&mut self, destination: &Path) -> Result<(), Error> {
        backup::back_up(self, destination).await
    }
}
