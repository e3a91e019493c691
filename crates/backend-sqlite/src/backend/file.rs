//! SQLite's implementation of the operations on a database file.

use std::path::Path;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{FileDatabase, FileSpace, IntegrityCheck};
use mlflow_migrate_core::event::cancellation::CancellationToken;
use rusqlite::{Connection, OpenFlags};

use crate::connection::{interrupt_when, open_file};
use crate::database::{Sqlite, blocking};
use crate::error::Context;
use crate::preflight::integrity;
use crate::{backup, file_space};

#[async_trait]
impl FileDatabase for Sqlite {
    async fn check_integrity(&mut self) -> Result<(), Error> {
        self.call(|connection, context| integrity::check(connection, context)).await
    }

    async fn begin_integrity_check(
        &mut self,
        stop: &CancellationToken,
    ) -> Result<IntegrityCheck, Error> {
        let Some(mut second) = second_reader(self) else {
            self.check_integrity().await?;
            return Ok(Box::pin(std::future::ready(Ok(()))));
        };
        let (name, waited_seconds) = (self.path.display().to_string(), self.busy_timeout.as_secs());
        let stop = stop.clone();
        let check = move || {
            let context = Context { name: &name, waited_seconds };
            interrupt_when(&mut second, stop, context)?;
            integrity::check(&second, context)
        };
        Ok(Box::pin(async move { blocking(check).await? }))
    }

    async fn space(&mut self) -> Result<FileSpace, Error> {
        file_space::of(self)
    }

    async fn back_up(&mut self, destination: &Path) -> Result<(), Error> {
        backup::back_up(self, destination).await
    }
}

/// Opens the file a second time, for reading only; `None` where that takes more than to open it.
fn second_reader(database: &Sqlite) -> Option<Connection> {
    if database.unchanged.is_some() {
        return None;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let second = open_file(&database.path, flags).ok()?;
    second.busy_timeout(database.busy_timeout).ok()?;
    second.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).ok()?;
    Some(second)
}
