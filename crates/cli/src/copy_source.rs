//! What a copy reads: a database, or a file store.

use std::path::{Path, PathBuf};
#[cfg(feature = "sqlite")]
use std::sync::Arc;

use mlflow_migrate::ConnectOptions;
#[cfg(feature = "sqlite")]
use mlflow_migrate::{FileStoreDatabase, FileStoreOptions};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::copy::CopyOptions;
#[cfg(feature = "sqlite")]
use mlflow_migrate_core::error::CopyError;
use mlflow_migrate_core::error::CopyFinding;
#[cfg(feature = "sqlite")]
use mlflow_migrate_core::event::Observer;
use percent_encoding::percent_decode_str;

use crate::Context;
use crate::database::Database;

/// The source of a copy.
pub(crate) enum Source {
    /// A database.
    Database(Box<dyn Backend>),
    /// A folder, read into a temporary database.
    #[cfg(feature = "sqlite")]
    FileStore {
        /// The temporary database.
        database: Box<FileStoreDatabase>,
        /// The folder.
        name: String,
    },
}

impl Source {
    /// Opens a source by the URL of a database, or the path or URL of a folder.
    ///
    /// # Errors
    /// If the source cannot be reached or read, or is the destination.
    pub(crate) async fn open(
        text: &str,
        destination: &Database,
        connecting: &ConnectOptions,
        options: &CopyOptions,
        context: &Context,
    ) -> Result<Self, Error> {
        if let Some(folder) = folder(text) {
            return Self::read(&folder, text, options, context).await;
        }
        let source = Database::parse(text)?;
        if source.is_same(destination) {
            return Err(Error::Unsupported {
                url: destination.shown(),
                problem: "source and destination are the same database".to_owned(),
                remedy: "name another database as the destination".into(),
            });
        }
        source.open(connecting, false, context).await.map(Self::Database)
    }

    #[cfg(feature = "sqlite")]
    async fn read(
        folder: &Path,
        name: &str,
        options: &CopyOptions,
        context: &Context,
    ) -> Result<Self, Error> {
        let reading = FileStoreOptions {
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            skip_invalid: options.skip_invalid,
            stop: options.stop.clone(),
        };
        let observer: Arc<dyn Observer> = Arc::<dyn crate::Renderer>::clone(&context.renderer);
        let read = FileStoreDatabase::read(folder, &reading, &context.catalogue, &observer).await?;
        Ok(Self::FileStore { database: Box::new(read), name: name.to_owned() })
    }

    /// Refuses a folder: a build without SQLite has no temporary database.
    #[cfg(not(feature = "sqlite"))]
    async fn read(_: &Path, name: &str, _: &CopyOptions, _: &Context) -> Result<Self, Error> {
        Err(Error::Unsupported {
            url: name.to_owned(),
            problem: "this build leaves SQLite out, and with it file stores".to_owned(),
            remedy: "build mlflow-migrate with the cargo feature `sqlite`".into(),
        })
    }

    /// Returns the database that is read.
    pub(crate) fn backend(&mut self) -> &mut dyn Backend {
        match self {
            Self::Database(backend) => &mut **backend,
            #[cfg(feature = "sqlite")]
            Self::FileStore { database, .. } => &mut *database.backend,
        }
    }

    /// Returns whether the database was made for the copy.
    pub(crate) fn is_temporary(&self) -> bool {
        !matches!(self, Self::Database(_))
    }

    /// Returns the name for messages.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Database(backend) => backend.name(),
            #[cfg(feature = "sqlite")]
            Self::FileStore { name, .. } => name.clone(),
        }
    }

    /// Returns an error as the user can act on it: no query reads a file store.
    pub(crate) fn told(&self, error: Error) -> Error {
        match (self, error) {
            #[cfg(feature = "sqlite")]
            (Self::FileStore { .. }, Error::Copy(CopyError::Uncopied { findings })) => {
                CopyError::Uncopied { findings: without_queries(findings) }.into()
            }
            (_, error) => error,
        }
    }

    /// Returns findings as the user can act on them.
    pub(crate) fn told_findings(&self, findings: Vec<CopyFinding>) -> Vec<CopyFinding> {
        match self {
            Self::Database(_) => findings,
            #[cfg(feature = "sqlite")]
            Self::FileStore { .. } => without_queries(findings),
        }
    }

    /// Returns the entries of a file store that were left out.
    pub(crate) fn skipped(&self) -> &[CopyFinding] {
        match self {
            Self::Database(_) => &[],
            #[cfg(feature = "sqlite")]
            Self::FileStore { database, .. } => &database.skipped,
        }
    }
}

/// Returns the folder that a path or a `file:` URL names; `None` if there is no such folder.
fn folder(text: &str) -> Option<PathBuf> {
    let path = match text.strip_prefix("file:") {
        Some(path) => {
            let path = path.strip_prefix("//").unwrap_or(path);
            let path = path
                .strip_prefix("localhost/")
                .map_or_else(|| path.to_owned(), |it| format!("/{it}"));
            PathBuf::from(percent_decode_str(&path).decode_utf8().ok()?.into_owned())
        }
        None => PathBuf::from(text),
    };
    path.is_dir().then_some(path)
}

#[cfg(feature = "sqlite")]
fn without_queries(mut findings: Vec<CopyFinding>) -> Vec<CopyFinding> {
    findings.iter_mut().for_each(|finding| finding.query = None);
    findings
}
