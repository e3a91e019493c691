//! Stands in for the backends that this build leaves out.
//!
//! Their URLs are refused, so no value of these types exists.

use std::path::{Path, PathBuf};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;

use super::{Connecting, Database, left_out_of_build};
use crate::Context;

/// A file that this build cannot open.
#[derive(Debug)]
pub(crate) enum File {}

/// A database on a server that this build cannot reach.
#[derive(Debug)]
pub(crate) enum Server {}

/// A copy of a file that this build cannot open.
pub(crate) enum Unpublished {}

fn refuse<T>(url: &str) -> Result<T, Error> {
    Err(left_out_of_build(url))
}

impl File {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        refuse(url)
    }

    pub(super) fn path(&self) -> &Path {
        match *self {}
    }

    pub(super) async fn open(&self, _: Connecting, _: bool) -> Result<Box<dyn Backend>, Error> {
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
        _: Connecting,
    ) -> Result<Option<PathBuf>, Error> {
        match *self {}
    }

    pub(super) async fn copy_beside(&self, _: &Path, _: Connecting) -> Result<Unpublished, Error> {
        match *self {}
    }
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        refuse(url)
    }

    pub(super) fn shown(&self) -> &str {
        match *self {}
    }

    pub(super) async fn open(&self, _: Connecting, _: &Context) -> Result<Box<dyn Backend>, Error> {
        match *self {}
    }

    pub(super) fn no_file(&self, _: &str) -> Error {
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
