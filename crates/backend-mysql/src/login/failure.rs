//! Why a connection fails.

use std::io;

/// Why a connection did not come about.
pub(crate) enum Failure {
    /// The server wants the password as it is, and may be anybody.
    ClearPassword,
    /// The server wants the password encrypted with a key of its own, and may be anybody.
    ForeignKey,
    /// Anything else.
    Other(sqlx::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Other(sqlx::Error::Io(error))
    }
}
