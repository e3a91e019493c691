//! SQLite files for tests.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use mlflow_migrate_backend_sqlite::{OpenOptions, Sqlite};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use rusqlite::Connection;
use rusqlite::types::ValueRef;

use crate::address::Address;
use crate::database::{Cell, TestDatabase};
use crate::reference::Server;

/// A file in a folder of its own.
#[derive(Debug)]
pub struct SqliteFile {
    path: PathBuf,
    _folder: tempfile::TempDir,
}

impl SqliteFile {
    /// A file that does not exist yet.
    ///
    /// # Panics
    /// If there is no place for temporary files.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that has no temporary folder cannot go on")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        Self { path: folder.path().join("mlruns.db"), _folder: folder }
    }

    /// A copy of a file.
    ///
    /// # Panics
    /// If the file cannot be read.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test without its database cannot go on")]
    pub fn copy_of(original: &Path) -> Self {
        let file = Self::new();
        std::fs::copy(original, &file.path).expect("the file to copy");
        file
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[allow(clippy::expect_used, reason = "a test without its database cannot go on")]
    fn open(&self) -> Connection {
        Connection::open(&self.path).expect("the test's database opens")
    }
}

impl Default for SqliteFile {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl TestDatabase for SqliteFile {
    fn server(&self) -> Server {
        Server::Sqlite
    }

    fn address(&self) -> Option<&Address> {
        None
    }

    fn path(&self) -> Option<&Path> {
        Some(&self.path)
    }

    async fn connect(&self) -> Result<Box<dyn Backend>, Error> {
        let mut options = OpenOptions::default();
        options.create = true;
        Ok(Box::new(Sqlite::open(&self.path, &options).await?))
    }

    fn copy(&self) -> Option<Box<dyn TestDatabase>> {
        Some(Box::new(Self::copy_of(&self.path)))
    }

    #[allow(clippy::panic, reason = "a test's own SQL is right, or the test is wrong")]
    fn run(&self, sql: &str) {
        if let Err(error) = self.open().execute_batch(sql) {
            panic!("{error}: {sql}");
        }
    }

    fn run_unchecked(&self, sql: &str) {
        self.run(&format!("PRAGMA foreign_keys = OFF; {sql}"));
    }

    #[allow(clippy::panic, reason = "a test's own SQL is right, or the test is wrong")]
    fn query(&self, sql: &str) -> Vec<Vec<Cell>> {
        fetch(&self.open(), sql).unwrap_or_else(|error| panic!("{error}: {sql}"))
    }

    fn contents(&self) -> Vec<u8> {
        std::fs::read(&self.path).unwrap_or_default()
    }
}

fn fetch(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<Cell>>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let mut found = statement.query([])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let cells = (0..columns).map(|at| Ok(cell(row.get_ref(at)?)));
        rows.push(cells.collect::<rusqlite::Result<_>>()?);
    }
    Ok(rows)
}

fn cell(value: ValueRef<'_>) -> Cell {
    match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Real(number) => Cell::from(number),
        ValueRef::Text(bytes) => Cell::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Cell::Blob(bytes.to_vec()),
    }
}
