//! A database that is a file.

use std::path::Path;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::FileDatabase;

use crate::connect::{OpenOptions, Sqlite};
use crate::copy::copy;
use crate::integrity;

#[async_trait]
impl FileDatabase for Sqlite {
    async fn check_integrity(&mut self) -> Result<(), Error> {
        self.call(|connection, context| integrity::check(connection, context)).await
    }

    async fn back_up(&mut self, destination: &Path) -> Result<(), Error> {
        // A connection that writes cannot be copied from; its transaction lets others read.
        let options = OpenOptions { busy_timeout: self.busy_timeout, create: false };
        copy(&self.path, destination, &options).await
    }
}
