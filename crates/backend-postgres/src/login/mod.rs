//! One attempt to connect to one server, and what to say when it fails.

mod passfile;
mod pooling;
pub(crate) mod transport;
pub(crate) mod url;

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::certificates;
use mlflow_migrate_backend_server::line::Meter;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::Secret;
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

use crate::cancel::Connector;
use crate::error::from_server;
use crate::login::passfile::Login;
use crate::login::url::endpoint::Endpoint;
use crate::login::url::{Authority, Settings, TlsMode};

/// A server, and how to log in there.
pub(crate) struct Attempt<'a> {
    settings: &'a Settings,
    endpoint: &'a Endpoint,
    /// How long it may take.
    limit: Duration,
    user: String,
    database: String,
    password: Option<Secret>,
}

/// A connection, what measures it, and what opens another one.
pub(crate) type Connected = (PgConnection, Arc<Meter>, Connector);

impl<'a> Attempt<'a> {
    /// An attempt at one of the servers.
    pub(crate) fn new(settings: &'a Settings, endpoint: &'a Endpoint, limit: Duration) -> Self {
        // sqlx asks the operating system, as libpq does.
        let system_user = || PgConnectOptions::new_without_pgpass().get_username().to_owned();
        let user = settings.user.clone().unwrap_or_else(system_user);
        let database = settings.database.clone().unwrap_or_else(|| user.clone());
        let login =
            Login { host: &endpoint.host, port: endpoint.port, database: &database, user: &user };
        let from_file = || passfile::password(settings.passfile.as_deref()?, login);
        let password = settings.password.clone().or_else(from_file);
        Self { settings, endpoint, limit, user, database, password }
    }

    /// What the database is called in messages.
    pub(crate) fn name(&self) -> String {
        let Endpoint { host, port, .. } = self.endpoint;
        let (user, database) = (&self.user, &self.database);
        if self.endpoint.is_socket() {
            format!("postgresql://{user}@:{port}/{database}?host={host}")
        } else if host.contains(':') {
            format!("postgresql://{user}@[{host}]:{port}/{database}")
        } else {
            format!("postgresql://{user}@{host}:{port}/{database}")
        }
    }

    /// Connects, with and without encryption as the `sslmode` allows.
    pub(crate) async fn connect(&self) -> Result<Connected, Error> {
        let mode =
            if self.endpoint.is_socket() { TlsMode::Disable } else { self.settings.tls_mode };
        match mode {
            TlsMode::Disable => self.connect_with(PgSslMode::Disable).await.map_err(|it| it.error),
            TlsMode::Allow => match self.connect_with(PgSslMode::Disable).await {
                Err(failure) if failure.may_be_encryption => {
                    self.connect_with(PgSslMode::Require).await.map_err(|it| it.error)
                }
                result => result.map_err(|it| it.error),
            },
            TlsMode::Prefer => match self.connect_with(PgSslMode::Prefer).await {
                Err(failure) if failure.may_be_encryption => {
                    self.connect_with(PgSslMode::Disable).await.map_err(|_| failure.error)
                }
                result => result.map_err(|it| it.error),
            },
            TlsMode::Require => self.connect_with(PgSslMode::Require).await.map_err(|it| it.error),
            TlsMode::VerifyCa => {
                self.connect_with(PgSslMode::VerifyCa).await.map_err(|it| it.error)
            }
            TlsMode::VerifyFull => {
                self.connect_with(PgSslMode::VerifyFull).await.map_err(|it| it.error)
            }
        }
    }

    async fn connect_with(&self, mode: PgSslMode) -> Result<Connected, Failure> {
        let options = self.options(mode).map_err(Failure::from)?;
        let connector = Connector { options, address: self.endpoint.address.clone() };
        let Ok(connected) = tokio::time::timeout(self.limit, connector.open()).await else {
            return Err(Failure::from(self.no_answer(self.limit)));
        };
        let (connection, meter) = connected.map_err(|source| self.failure(source, mode))?;
        Ok((connection, meter, connector))
    }

    /// The server takes too long.
    pub(crate) fn no_answer(&self, limit: Duration) -> Error {
        self.unavailable(
            &format!("no answer within {} s", limit.as_secs()),
            "check the host, the port and the firewalls on the way; connect_timeout=SECONDS waits \
             longer",
        )
    }

    /// Everything is set explicitly: sqlx would take what is missing from the environment.
    fn options(&self, mode: PgSslMode) -> Result<PgConnectOptions, Error> {
        let settings = self.settings;
        let password = self.password.as_ref().map_or("", |secret| &secret.0);
        let mut options = PgConnectOptions::new_without_pgpass()
            .host(&self.endpoint.host)
            .port(self.endpoint.port)
            .username(&self.user)
            .password(password)
            .database(&self.database)
            .ssl_mode(mode)
            .application_name(&settings.application_name)
            // Poolers refuse startup parameters that they do not know; it is set later.
            .extra_float_digits(None)
            .disable_statement_logging();
        if !settings.options.is_empty() {
            let pairs =
                settings.options.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            options = options.options(pairs);
        }
        if matches!(mode, PgSslMode::Disable) {
            return Ok(options);
        }
        let authorities = match &settings.authority {
            Authority::Anybody => None,
            Authority::File(path) => Some(certificates::read(path)),
            Authority::System(named) => Some(certificates::read_system(named.as_deref())),
        };
        if let Some(authorities) = authorities {
            let hint = "check sslrootcert, its path and its permissions";
            let authorities = authorities.map_err(|problem| self.tls(&problem, hint))?;
            options = options.ssl_root_cert_from_pem(authorities);
        }
        match (&settings.certificate, &settings.key) {
            (Some(certificate), Some(key)) => {
                self.check_readable("sslcert", certificate)?;
                self.check_readable("sslkey", key)?;
                Ok(options.ssl_client_cert(certificate).ssl_client_key(key))
            }
            (None, None) => Ok(options),
            (Some(_), None) => Err(self.tls("there is an sslcert, and no sslkey", "give both")),
            (None, Some(_)) => Err(self.tls("there is an sslkey, and no sslcert", "give both")),
        }
    }

    fn check_readable(&self, parameter: &str, path: &Path) -> Result<(), Error> {
        match std::fs::File::open(path) {
            Ok(_) => Ok(()),
            Err(error) => {
                let problem = format!("the {parameter} {} cannot be read: {error}", path.display());
                Err(self.tls(&problem, "check the path and its permissions"))
            }
        }
    }

    fn failure(&self, source: sqlx::Error, mode: PgSslMode) -> Failure {
        if let Some(error) = from_server(&source) {
            let may_be_encryption = error.code() == "28000";
            return Failure { error: self.refused(error, mode), may_be_encryption };
        }
        match source {
            sqlx::Error::Io(error) if is_tls(&error) => self.tls_failure(&error.to_string()),
            sqlx::Error::Io(error) => Failure::from(self.no_connection(&error)),
            sqlx::Error::Tls(error) => self.tls_failure(&error.to_string()),
            sqlx::Error::Configuration(error) => self.tls_failure(&error.to_string()),
            // sqlx's own words name a place in its source code.
            _ => Failure::from(self.unreachable(
                "what answers does not speak PostgreSQL's protocol",
                "check the host and the port",
            )),
        }
    }

    fn tls_failure(&self, problem: &str) -> Failure {
        let hint = if problem.contains("does not support TLS") {
            "turn ssl on at the server, or say sslmode=prefer"
        } else if problem.contains("UnknownIssuer") || problem.contains("root") {
            "sslrootcert=FILE names the authority that has signed the server's certificate"
        } else if problem.contains("not valid for") {
            "use the host's name that the certificate is for, or say sslmode=verify-ca"
        } else {
            "check sslmode, sslrootcert, sslcert and sslkey"
        };
        Failure { error: self.tls(problem, hint), may_be_encryption: true }
    }

    fn no_connection(&self, error: &std::io::Error) -> Error {
        let Endpoint { host, port, .. } = self.endpoint;
        let text = error.to_string();
        if text.contains("lookup address") || text.contains("resolve") {
            let (problem, hint) = (format!("the host {host} is not known ({text})"), HOST_HINT);
            // A name server that does not answer may do so later.
            let may_pass = text.contains("Temporary failure");
            return match may_pass {
                true => self.unavailable(&problem, hint),
                false => self.unreachable(&problem, hint),
            };
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => self.unavailable(
                "the connection was refused",
                &format!("is the server running, and does it listen on {host}, port {port}?"),
            ),
            ErrorKind::NotFound if self.endpoint.is_socket() => self.unavailable(
                &format!("there is no socket {host}/.s.PGSQL.{port}"),
                "is the server running? Give its host if it is elsewhere",
            ),
            ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset => self.unavailable(
                "the server closed the connection at once",
                "see the server's log; is it PostgreSQL that listens there?",
            ),
            _ => self.unavailable(&text, "check the host and the port"),
        }
    }

    /// The server answers, and says no.
    fn refused(&self, error: &PgDatabaseError, mode: PgSslMode) -> Error {
        let message = error.message();
        match error.code() {
            "28P01" if self.password.is_none() => {
                self.denied(&format!("{message} (no password was given)"))
            }
            "28000" if message.contains("no encryption") || message.contains("SSL off") => self
                .tls(
                    message,
                    if matches!(mode, PgSslMode::Disable) {
                        "the server may take encrypted connections only: say sslmode=require"
                    } else {
                        "let pg_hba.conf of the server allow this connection"
                    },
                ),
            "28000" if message.contains("client certificate") => {
                self.tls(message, "give sslcert=FILE and sslkey=FILE")
            }
            "28P01" | "28000" | "42501" => self.denied(message),
            "3D000" => self.unreachable(
                message,
                &format!(
                    "create it with CREATE DATABASE \"{}\", or correct the URL",
                    self.database
                ),
            ),
            "53300" => self.unavailable(
                message,
                "close other connections, or raise max_connections of the server",
            ),
            // cannot_connect_now, and admin_shutdown and crash_shutdown where it just goes down.
            "57P01" | "57P02" | "57P03" => {
                self.unavailable(message, "wait until the server is up, and try again")
            }
            code => self.unreachable(
                &format!("{message} ({code})"),
                "see the server's log, and the options in the URL",
            ),
        }
    }

    fn denied(&self, problem: &str) -> Error {
        Error::AccessDenied { name: self.name(), problem: problem.to_owned() }
    }

    fn tls(&self, problem: &str, hint: &str) -> Error {
        Error::Tls { name: self.name(), problem: problem.to_owned(), hint: hint.to_owned() }
    }

    fn unreachable(&self, problem: &str, hint: &str) -> Error {
        Error::Unreachable { name: self.name(), problem: problem.to_owned(), hint: hint.to_owned() }
    }

    fn unavailable(&self, problem: &str, hint: &str) -> Error {
        Error::Unavailable { name: self.name(), problem: problem.to_owned(), hint: hint.to_owned() }
    }
}

const HOST_HINT: &str = "check the host's name";

/// A failed attempt.
struct Failure {
    error: Error,
    /// Whether the other kind of connection, with or without encryption, may succeed.
    may_be_encryption: bool,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, may_be_encryption: false }
    }
}

/// rustls reports what it finds wrong through the socket.
fn is_tls(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::InvalidData
}
