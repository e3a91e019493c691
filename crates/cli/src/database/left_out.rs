//! Stands in for the backends that this build leaves out.
//!
//! Their URLs are refused, so no value of these types exists.

use std::path::{Path, PathBuf};

use mlflow_migrate::ConnectOptions;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;

use super::Database;

/// A file that this build cannot open.
#[derive(Debug)]
pub(crate) enum File {}

/// A copy of a file that this build cannot open.
pub(crate) enum Unpublished {}

impl File {
    pub(super) fn path(&self) -> &Path {
        match *self {}
    }

    pub(super) async fn open(
        &self,
        _: &ConnectOptions,
        _: bool,
    ) -> Result<Box<dyn Backend>, Error> {
        match *self {}
    }

    pub(super) fn place_for_backup(&self, _: &str) -> PathBuf {
        match *self {}
    }

    pub(super) async fn backup(&self, _: Option<&Path>) -> Result<Self, Error> {
        match *self {}
    }

    pub(super) async fn restore(
        &self,
        _: &Path,
        _: &str,
        _: &ConnectOptions,
    ) -> Result<Option<PathBuf>, Error> {
        match *self {}
    }

    pub(super) async fn copy_beside(
        &self,
        _: &Path,
        _: &ConnectOptions,
    ) -> Result<Unpublished, Error> {
        match *self {}
    }
}

impl Unpublished {
    pub(crate) fn database(&self) -> Database {
        match *self {}
    }

    pub(crate) async fn check(&self) -> Result<(), Error> {
        match *self {}
    }

    pub(crate) fn publish(self) -> Result<(), Error> {
        match self {}
    }
}
