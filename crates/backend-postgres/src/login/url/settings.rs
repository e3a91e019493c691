//! The settings that result from a URL, a service and the environment.

use std::path::PathBuf;
use std::time::Duration;

use mlflow_migrate_core::url::Secret;

use super::endpoint::Endpoint;
use super::session_kind::SessionKind;

/// How the connection is encrypted: libpq's `sslmode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsMode {
    /// Never.
    Disable,
    /// If the server requires encryption.
    Allow,
    /// If the server supports encryption.
    Prefer,
    /// Always, without a check of the server's certificate.
    Require,
    /// Always, with a certificate from a trusted authority.
    VerifyCa,
    /// Always, with a certificate from a trusted authority for this host.
    VerifyFull,
}

/// Which authorities a server's certificate may come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Any authority: the certificate is not checked.
    Anybody,
    /// An authority in this file, and no other.
    File(PathBuf),
    /// An authority that the operating system trusts. OpenSSL's variable may name the file.
    System(Option<String>),
}

/// Everything that a connection needs.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The servers, in the order in which they are tried.
    pub(crate) endpoints: Vec<Endpoint>,
    /// The user; `None` means the operating system's user.
    pub(crate) user: Option<String>,
    /// The password, if one is given.
    pub(crate) password: Option<Secret>,
    /// The password file.
    pub(crate) passfile: Option<PathBuf>,
    /// The database; `None` means the database with the user's name.
    pub(crate) database: Option<String>,
    /// How the connection is encrypted.
    pub(crate) tls_mode: TlsMode,
    /// The authorities that may have issued the server's certificate.
    pub(crate) authority: Authority,
    /// The client's own certificate.
    pub(crate) certificate: Option<PathBuf>,
    /// The private key of the client's certificate.
    pub(crate) key: Option<PathBuf>,
    /// Server settings for this session.
    pub(crate) options: Vec<(String, String)>,
    /// The connection's name in the server's views.
    pub(crate) application_name: String,
    /// How long a server may take to answer.
    ///
    /// `None` means that the URL asks for no limit: the [`OpenOptions`](crate::OpenOptions) limit
    /// applies.
    pub(crate) timeout: Option<Duration>,
    /// The kind of server that the connection requires.
    pub(crate) session_kind: SessionKind,
    /// Warnings about parameters that are not known.
    pub(crate) warnings: Vec<String>,
}

impl Settings {
    /// Returns whether a file names the only authorities to trust.
    pub(crate) fn names_an_authority(&self) -> bool {
        matches!(self.authority, Authority::File(_))
    }
}
