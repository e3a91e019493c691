//! What a URL and the environment come down to.

use std::path::PathBuf;
use std::time::Duration;

use mlflow_migrate_core::url::Secret;

use super::endpoint::Endpoint;
use super::session_kind::SessionKind;

/// How the connection is encrypted; libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsMode {
    /// Never.
    Disable,
    /// If the server insists.
    Allow,
    /// If the server can.
    Prefer,
    /// Always, whoever the server is.
    Require,
    /// Always, with a certificate of a known authority.
    VerifyCa,
    /// Always, with a certificate of a known authority for this host.
    VerifyFull,
}

/// Whom a server's certificate has to be signed by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Nobody in particular: the certificate is not looked at.
    Anybody,
    /// One of those in a file, and nobody else.
    File(PathBuf),
    /// One of those that the operating system trusts, of which OpenSSL's variable may name the file.
    System(Option<String>),
}

/// Everything that a connection needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The servers, in the order in which they are tried.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The user; `None` is the operating system's.
    pub(crate) user: Option<String>,
    /// The password, if one is given.
    pub(crate) password: Option<Secret>,
    /// The file of passwords.
    pub(crate) passfile: Option<PathBuf>,
    /// The database; `None` is the one with the user's name.
    pub(crate) database: Option<String>,
    /// How the connection is encrypted.
    pub(crate) tls_mode: TlsMode,
    /// Whom servers are checked against.
    pub(crate) authority: Authority,
    /// The client's own certificate.
    pub(crate) certificate: Option<PathBuf>,
    /// That certificate's key.
    pub(crate) key: Option<PathBuf>,
    /// Settings of the server for this session.
    pub(crate) options: Vec<(String, String)>,
    /// What the server's views call the connection.
    pub(crate) application_name: String,
    /// How long a server may take to answer; `None` is for ever.
    pub(crate) timeout: Option<Duration>,
    /// Which servers are passed over.
    pub(crate) session_kind: SessionKind,
    /// What was not understood.
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    /// Whether only an authority is to be trusted that a file names.
    pub(crate) fn names_an_authority(&self) -> bool {
        matches!(self.authority, Authority::File(_))
    }
}
