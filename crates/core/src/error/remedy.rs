//! Describes what puts an error right.

use std::path::PathBuf;

use super::{Error, LocationError};

/// What puts an error right, where only the place that found the error knows.
///
/// A program translates it into its own commands and options.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// A statement, a setting of the server, a parameter of the URL, or the like, in words.
    Words(String),
    /// The schema has to be that of the database's revision.
    CorrectSchema,
    /// The server has to be newer, or the target older.
    NewerServer {
        /// The last revision that this server can hold, if the path has one.
        reachable: Option<String>,
    },
    /// The unfinished upgrade has to be resumed.
    Resume {
        /// The target of the unfinished upgrade; `None` if the same target is enough.
        to: Option<String>,
    },
    /// The unfinished downgrade has to be resumed.
    ResumeDowngrade {
        /// The target of the unfinished downgrade.
        to: String,
    },
    /// Another version of this tool has to take up the unfinished upgrade.
    OtherVersion {
        /// The version that began the upgrade, where known.
        version: Option<String>,
    },
    /// The file and its folder have to be writable, or the result has to go into another file.
    MakeWritable,
    /// The path has to be right, or the file has to be created.
    CreateFile,
    /// A backup has to be named.
    NameBackup,
    /// The files have to be copied together to a folder where SQLite can write.
    CopyFiles {
        /// The database, and the files beside it that belong to it.
        files: Vec<PathBuf>,
    },
}

/// Quotes a text as one word of a shell, for a command in a remedy.
#[must_use]
pub fn shell_word(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

impl From<String> for Remedy {
    fn from(words: String) -> Self {
        Self::Words(words)
    }
}

impl From<&str> for Remedy {
    fn from(words: &str) -> Self {
        Self::Words(words.to_owned())
    }
}

impl Error {
    /// Returns what puts the error right, where the place that found it knows.
    #[must_use]
    pub fn remedy(&self) -> Option<&Remedy> {
        match self {
            Self::Url { remedy, .. }
            | Self::Unsupported { remedy, .. }
            | Self::Unreachable { remedy, .. }
            | Self::Unavailable { remedy, .. }
            | Self::ReadOnly { remedy, .. }
            | Self::Privileges { remedy, .. }
            | Self::Untrusted { remedy, .. }
            | Self::ServerLimit { remedy, .. }
            | Self::TooLarge { remedy, .. }
            | Self::Tls { remedy, .. }
            | Self::StrandedReference { remedy, .. }
            | Self::Journal { remedy, .. }
            | Self::Location(LocationError::VersionTable { remedy, .. }) => Some(remedy),
            _ => None,
        }
    }
}
