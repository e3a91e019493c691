//! The reasons for which a login fails.

use std::io;

/// Why a connection could not be opened.
pub(crate) enum Failure {
    /// The server asks for the password in clear text, and its identity is unknown.
    ClearPassword,
    /// The server asks for the password encrypted with its own key, and its identity is unknown.
    ForeignKey,
    /// Anything else.
    Other(sqlx::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(sqlx::Error::Io(error))
    }
}
