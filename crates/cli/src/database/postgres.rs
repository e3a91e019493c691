//! Databases on a PostgreSQL server.

use mlflow_migrate_backend_postgres::{ENVIRONMENT, OpenOptions, Postgres};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::url::ServerUrl;

use super::Connecting;
use super::server::{environment, no_file, warn};
use crate::Context;

/// A database on a PostgreSQL server.
#[derive(Debug)]
pub(crate) struct Server(ServerUrl);

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self, Error> {
        ServerUrl::parse(url).map(Self)
    }

    pub(super) fn shown(&self) -> &str {
        self.0.shown()
    }

    pub(super) async fn open(
        &self,
        connecting: Connecting,
        context: &Context,
    ) -> Result<Box<dyn Backend>, Error> {
        let Connecting { lock_timeout, lock_wait, answer_timeout, .. } = connecting;
        let environment = environment(ENVIRONMENT);
        let options = OpenOptions {
            lock_timeout,
            lock_wait,
            answer_timeout,
            environment,
            ..OpenOptions::default()
        };
        let backend = Postgres::connect(&self.0, &options).await?;
        warn(context, backend.warnings());
        Ok(Box::new(backend))
    }

    /// Returns the error for an option or command that needs a file.
    pub(super) fn no_file(&self, what: &str) -> Error {
        no_file(&self.0, what, "pg_dump")
    }
}
