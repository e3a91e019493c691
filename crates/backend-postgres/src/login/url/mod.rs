//! Where and how to connect: a URL's parts, its parameters, those of a service, and the environment's
//! defaults, in the order of precedence that psycopg2 gives them. MLflow's users write their URLs for it.

mod demands;
pub(crate) mod endpoint;
mod service_file;
pub(crate) mod session_kind;
mod sources;
mod verification;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::{Secret, ServerUrl};

use crate::login::url::endpoint::{Endpoint, endpoints};
use crate::login::url::session_kind::SessionKind;
use crate::login::url::sources::Sources;
use crate::login::url::verification::{tls_mode, verification};

/// The environment variables that stand in for what a URL leaves out: libpq's, and those that tell
/// who and where the user is.
pub const ENVIRONMENT: &[&str] = &[
    "PGHOST",
    "PGHOSTADDR",
    "PGPORT",
    "PGUSER",
    "PGPASSWORD",
    "PGPASSFILE",
    "PGDATABASE",
    "PGSSLMODE",
    "PGSSLROOTCERT",
    "PGSSLCERT",
    "PGSSLKEY",
    "PGOPTIONS",
    "PGAPPNAME",
    "PGCONNECT_TIMEOUT",
    "PGTARGETSESSIONATTRS",
    "PGLOADBALANCEHOSTS",
    "PGREQUIRESSL",
    "PGSERVICE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
    "PGREQUIREAUTH",
    "PGCHANNELBINDING",
    "PGGSSENCMODE",
    "PGREQUIREPEER",
    "PGSSLCRL",
    "PGSSLCRLDIR",
    "PGSSLNEGOTIATION",
    "PGSSLSNI",
    "PGSSLCERTMODE",
    "PGSSLMINPROTOCOLVERSION",
    "PGSSLMAXPROTOCOLVERSION",
    "PGMINPROTOCOLVERSION",
    "SSL_CERT_FILE",
    "USER",
    "HOME",
];

/// libpq's parameters that change nothing here: they tune what this client does by itself or not at
/// all, and leaving them out weakens nothing.
pub(crate) const IRRELEVANT: &[&str] = &[
    "client_encoding",
    "gssdelegation",
    "gsslib",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "max_protocol_version",
    "sslcompression",
    "tcp_user_timeout",
];

/// The parameters that are read below.
pub(crate) const RELEVANT: &[&str] = &[
    "application_name",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "host",
    "hostaddr",
    "load_balance_hosts",
    "options",
    "passfile",
    "password",
    "port",
    "requiressl",
    "service",
    "servicefile",
    "sslcert",
    "sslcertmode",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "target_session_attrs",
    "user",
];

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Reads a URL as [`crate::Postgres::connect`] does, without connecting, and tells what of it has no
/// effect. The environment holds defaults for what it leaves out.
///
/// # Errors
/// If a parameter's value cannot be understood, or asks for a protection that is not to be had.
pub fn read_url(
    url: &ServerUrl,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<String>, Error> {
    Ok(Settings::from_url(url, environment)?.warnings)
}

impl Settings {
    /// Whether only an authority is to be trusted that a file names.
    pub(crate) fn names_an_authority(&self) -> bool {
        matches!(self.authority, Authority::File(_))
    }

    /// Reads a URL.
    ///
    /// # Errors
    /// If a parameter's value cannot be understood.
    pub(crate) fn from_url(
        url: &ServerUrl,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Error> {
        let sources = Sources::new(url, environment)?;
        let warnings = demands::check(&sources)?;
        let home = sources.variable("HOME").map(PathBuf::from);
        let options = match sources.find("options", None, "PGOPTIONS") {
            Some(text) => parse_options(&text).map_err(|problem| {
                sources.refuse(problem, "write options=-csearch_path%3Dname, or -c name=value")
            })?,
            None => Vec::new(),
        };
        let endpoints = endpoints(&sources)?;
        // As with libpq, a socket is never encrypted.
        let (tls_mode, authority) = if endpoints.iter().all(Endpoint::is_socket) {
            (tls_mode(&sources)?.unwrap_or(TlsMode::Prefer), Authority::Anybody)
        } else {
            verification(&sources, home.as_deref())?
        };
        let sends_certificate =
            sources.find("sslcertmode", None, "PGSSLCERTMODE").is_none_or(|mode| mode != "disable");
        Ok(Self {
            endpoints,
            user: sources
                .find("user", url.user.clone(), "PGUSER")
                .or_else(|| sources.variable("USER")),
            password: sources
                .parameter("password")
                .map(Secret)
                .or_else(|| url.password.clone())
                .or_else(|| sources.of_service("password").map(Secret))
                .or_else(|| sources.variable("PGPASSWORD").map(Secret)),
            passfile: sources
                .find("passfile", None, "PGPASSFILE")
                .map(PathBuf::from)
                .or_else(|| home.as_ref().map(|home| home.join(".pgpass"))),
            database: sources.find("dbname", url.database.clone(), "PGDATABASE"),
            tls_mode,
            authority,
            certificate: sources
                .find("sslcert", None, "PGSSLCERT")
                .map(PathBuf::from)
                .or_else(|| default_file(home.as_deref(), "postgresql.crt"))
                .filter(|_| sends_certificate),
            key: sources
                .find("sslkey", None, "PGSSLKEY")
                .map(PathBuf::from)
                .or_else(|| default_file(home.as_deref(), "postgresql.key"))
                .filter(|_| sends_certificate),
            options,
            application_name: sources
                .find("application_name", None, "PGAPPNAME")
                .or_else(|| sources.parameter("fallback_application_name"))
                .unwrap_or_else(|| "mlflow-migrate".to_owned()),
            timeout: timeout(&sources)?,
            session_kind: SessionKind::wanted(&sources)?,
            warnings,
        })
    }
}

/// A file at the place where libpq looks for it, if it is there.
pub(crate) fn default_file(home: Option<&Path>, name: &str) -> Option<PathBuf> {
    Some(home?.join(".postgresql").join(name)).filter(|path| path.exists())
}

fn timeout(sources: &Sources<'_>) -> Result<Option<Duration>, Error> {
    let Some(text) = sources.find("connect_timeout", None, "PGCONNECT_TIMEOUT") else {
        return Ok(Some(CONNECT_TIMEOUT));
    };
    let seconds: i64 = text.trim().parse().map_err(|_| {
        let problem = "its connect_timeout is no number of seconds".to_owned();
        sources.refuse(problem, "write connect_timeout=10")
    })?;
    // As in libpq: nothing below two seconds, and zero waits for ever.
    Ok(u64::try_from(seconds).ok().filter(|it| *it > 0).map(|it| Duration::from_secs(it.max(2))))
}

/// Splits `-c name=value --name=value`, where a backslash takes the next character as it is.
fn parse_options(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut characters = text.chars();
    while let Some(one) = characters.next() {
        match one {
            '\\' => word.get_or_insert_default().extend(characters.next()),
            _ if one.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(one),
        }
    }
    words.extend(word);
    let mut options = Vec::new();
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let setting = match word.strip_prefix("--") {
            Some(setting) => setting.to_owned(),
            None if word == "-c" => words.next().unwrap_or_default(),
            None => word.strip_prefix("-c").map(ToOwned::to_owned).unwrap_or_default(),
        };
        let Some((name, value)) = setting.split_once('=') else {
            return Err("its options are not of the form -c name=value".to_owned());
        };
        options.push((name.replace('-', "_"), value.to_owned()));
    }
    Ok(options)
}

#[cfg(test)]
mod tests;
