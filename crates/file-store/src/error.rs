//! Holds the errors of reading a file store.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::report::ReadReport;

/// The reason why a file store cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileStoreError {
    /// The folder, or the folder `mlruns` in it, holds no experiments.
    #[error("{0} holds no MLflow file store: neither a folder mlruns nor one of an experiment")]
    NotAFileStore(PathBuf),
    /// The folder cannot be read.
    #[error("{path} cannot be read")]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Entries are malformed. The rows that the sink has received are incomplete.
    #[error("the file store has {} malformed entries", .0.malformed_count())]
    Malformed(Box<ReadReport>),
    /// The user stopped the reading, or the sink refused rows.
    #[error(transparent)]
    Core(#[from] mlflow_migrate_core::Error),
    /// A thread cannot be started.
    #[error("no thread for reading can be started")]
    Thread(#[from] io::Error),
}
