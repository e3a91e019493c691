//! SQLite files.

use std::path::{Path, PathBuf};

use mlflow_migrate::ConnectOptions;
use mlflow_migrate_backend_sqlite::{
    OpenOptions, PendingCopy, Sqlite, backup_path, check_backup, newest_backup, path_from_url,
    restore,
};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;

use super::Database;

/// An SQLite file.
#[derive(Debug)]
pub(crate) struct File(PathBuf);

/// A copy of a database that does not have its final name yet; dropping it deletes the copy.
pub(crate) struct Unpublished(PendingCopy);

impl File {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        path_from_url(url).map(Self)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    pub(super) async fn open(
        &self,
        options: &ConnectOptions,
        create: bool,
    ) -> Result<Box<dyn Backend>, Error> {
        let mut open = waiting(options);
        open.create = create;
        Ok(Box::new(Sqlite::open(&self.0, &open).await?))
    }

    pub(super) fn place_for_backup(&self, moment: &str) -> PathBuf {
        backup_path(&self.0, moment)
    }

    pub(super) async fn backup(&self, named: Option<&Path>) -> Result<Self, Error> {
        let newest = || newest_backup(&self.0);
        let backup = named.map_or_else(newest, |named| Ok(named.to_owned()))?;
        check_backup(&backup).await?;
        Ok(Self(backup))
    }

    pub(super) async fn restore(
        &self,
        backup: &Path,
        moment: &str,
        options: &ConnectOptions,
    ) -> Result<Option<PathBuf>, Error> {
        restore(&self.0, backup, moment, &waiting(options)).await
    }

    pub(super) async fn copy_beside(
        &self,
        destination: &Path,
        options: &ConnectOptions,
    ) -> Result<Unpublished, Error> {
        let options = waiting(options);
        PendingCopy::create(&self.0, destination, &options).await.map(Unpublished)
    }
}

impl Unpublished {
    /// Returns the copy as a database.
    pub(crate) fn database(&self) -> Database {
        Database::File(File(self.0.path().to_owned()))
    }

    /// Checks that the copy is complete.
    pub(crate) async fn check(&self) -> Result<(), Error> {
        check_backup(self.0.path()).await
    }

    /// Gives the copy its final name.
    pub(crate) fn publish(self) -> Result<(), Error> {
        self.0.publish()
    }
}

fn waiting(options: &ConnectOptions) -> OpenOptions {
    OpenOptions::waiting(options.lock_timeout)
}
