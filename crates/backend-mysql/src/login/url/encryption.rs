//! Decides from a URL's parameters and MLflow's variables how a connection is encrypted.
//!
//! The meaning is PyMySQL's under SQLAlchemy, or a stricter one: `docs/connections.md`.

use std::path::Path;

use mlflow_migrate_backend_server::certificates::{self, SYSTEM_FILE};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use super::refusal::refuse;
use crate::options::OpenOptions;

/// The authority that has to have signed a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Authority {
    /// No authority: the certificate is not checked.
    Anybody,
    /// Only an authority in this file.
    File(String),
    /// An authority that the operating system trusts; OpenSSL's variable may name the file.
    System(Option<String>),
}

/// How a connection is to be encrypted.
pub(crate) struct Encryption {
    mode: MySqlSslMode,
    authority: Authority,
    client: Option<(String, String)>,
}

/// Which checks of a server a URL asks for.
#[derive(Clone, Copy)]
struct Checks {
    /// The check of the certificate.
    certificate: Option<bool>,
    /// The check of the host name in the certificate.
    host: Option<bool>,
}

impl Checks {
    fn new(url: &ServerUrl) -> Result<Self, Error> {
        let certificate = flag(url, "ssl_verify_cert")?;
        let host = (flag(url, "ssl_verify_identity")?, flag(url, "ssl_check_hostname")?);
        let host = match host {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (known, other) => known.or(other),
        };
        Ok(Self { certificate, host })
    }

    fn are_asked_for(self) -> bool {
        self.certificate == Some(true) || self.host == Some(true)
    }

    /// Returns how strictly a server is checked against the named authority.
    ///
    /// `otherwise` applies where the URL does not say. The URL or MLflow's variable names the
    /// authority.
    fn against_authority(self, otherwise: MySqlSslMode) -> MySqlSslMode {
        match (self.certificate, self.host) {
            (_, Some(true)) => MySqlSslMode::VerifyIdentity,
            (Some(false), _) => MySqlSslMode::Required,
            (_, Some(false)) => MySqlSslMode::VerifyCa,
            (_, None) => otherwise,
        }
    }
}

impl Encryption {
    pub(crate) fn new(url: &ServerUrl, open: &OpenOptions, is_socket: bool) -> Result<Self, Error> {
        // MLflow passes its variables to the driver after the URL's parameters, so the variables
        // win.
        let setting = |variable: &str, parameter: &str| {
            open.variable(variable).or_else(|| url.parameter(parameter)).map(ToOwned::to_owned)
        };
        let ca = setting("MLFLOW_MYSQL_SSL_CA", "ssl_ca");
        let client = match (
            setting("MLFLOW_MYSQL_SSL_CERT", "ssl_cert"),
            setting("MLFLOW_MYSQL_SSL_KEY", "ssl_key"),
        ) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                let problem = "ssl_cert and ssl_key are only of use together";
                return Err(refuse(url, problem, "give both files"));
            }
        };
        let checks = Checks::new(url)?;
        let wants_encryption = asks_for_encryption(url)? || client.is_some();
        let named = named_mode(url)?;
        if matches!(named, Some(MySqlSslMode::Disabled)) {
            if url.parameter("ssl_ca").is_some() || checks.are_asked_for() {
                let problem = "it asks for no encryption, and for a check of the server";
                return Err(refuse(
                    url,
                    problem,
                    "remove ssl_disabled, or what asks for the check",
                ));
            }
            let authority = Authority::Anybody;
            return Ok(Self { mode: MySqlSslMode::Disabled, authority, client });
        }
        let authority = match ca {
            Some(path) => Authority::File(path),
            None if checks.are_asked_for() => {
                Authority::System(open.variable(SYSTEM_FILE).map(ToOwned::to_owned))
            }
            None => Authority::Anybody,
        };
        let mode = match (named, &authority) {
            (Some(MySqlSslMode::VerifyIdentity), Authority::File(_)) => {
                MySqlSslMode::VerifyIdentity
            }
            (Some(MySqlSslMode::VerifyCa), Authority::File(_)) if checks.host == Some(true) => {
                MySqlSslMode::VerifyIdentity
            }
            (Some(MySqlSslMode::VerifyCa), Authority::File(_)) => MySqlSslMode::VerifyCa,
            (Some(MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity), _) => {
                let problem =
                    "its ssl_mode asks for a check against an authority that it does not name";
                let remedy = "name the file of the authority as ssl_ca";
                return Err(refuse(url, problem, remedy));
            }
            // A user who names an authority wants the certificate checked against it.
            (Some(_), Authority::File(_)) => checks.against_authority(MySqlSslMode::VerifyCa),
            (None, Authority::File(_)) => checks.against_authority(MySqlSslMode::VerifyIdentity),
            // Public authorities sign certificates for everyone, so the host name has to match.
            (_, Authority::System(_)) => MySqlSslMode::VerifyIdentity,
            (_, Authority::Anybody) if wants_encryption => MySqlSslMode::Required,
            (Some(mode), Authority::Anybody) => mode,
            (None, Authority::Anybody) if is_socket => MySqlSslMode::Disabled,
            (None, Authority::Anybody) => MySqlSslMode::Preferred,
        };
        Ok(Self { mode, authority, client })
    }

    /// Returns whether only the authorities in a file are to be trusted.
    pub(crate) fn names_an_authority(&self) -> bool {
        matches!(self.authority, Authority::File(_))
            && matches!(self.mode, MySqlSslMode::VerifyCa | MySqlSslMode::VerifyIdentity)
    }

    /// Sets the driver's options for encryption.
    ///
    /// The driver gets the authorities themselves, so no file is read a second time.
    ///
    /// # Errors
    /// If a file cannot be read or holds no certificate. Without this check, the failure would look
    /// like an unreachable server.
    pub(crate) fn apply(
        self,
        options: MySqlConnectOptions,
        name: &str,
    ) -> Result<MySqlConnectOptions, Error> {
        let failed = |problem: String| Error::Tls {
            name: name.to_owned(),
            problem,
            remedy: "check ssl_ca, ssl_cert and ssl_key in the URL, or MLFLOW_MYSQL_SSL_CA, \
                   _CERT and _KEY"
                .into(),
        };
        let mut options = options.ssl_mode(self.mode);
        if matches!(self.mode, MySqlSslMode::Disabled) {
            return Ok(options);
        }
        let authorities = match &self.authority {
            Authority::Anybody => None,
            Authority::File(path) => Some(certificates::read(Path::new(path))),
            Authority::System(named) => Some(certificates::read_system(named.as_deref())),
        };
        if let Some(authorities) = authorities {
            options = options.ssl_ca_from_pem(authorities.map_err(failed)?);
        }
        if let Some((certificate, key)) = self.client {
            for path in [&certificate, &key] {
                let opened = std::fs::File::open(path);
                opened.map_err(|error| failed(format!("{path} cannot be read: {error}")))?;
            }
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        Ok(options)
    }
}

/// Returns the mode that a URL names with `ssl_mode` or `ssl_disabled`.
fn named_mode(url: &ServerUrl) -> Result<Option<MySqlSslMode>, Error> {
    match url.parameter("ssl_mode") {
        Some(mode) => mode.to_uppercase().parse().map(Some).map_err(|_| {
            let problem = "ssl_mode has an invalid value";
            let remedy = "write DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";
            refuse(url, problem, remedy)
        }),
        None => Ok((flag(url, "ssl_disabled")? == Some(true)).then_some(MySqlSslMode::Disabled)),
    }
}

/// Returns whether `ssl` is true; PyMySQL's `ssl={...}` has no form in a URL.
fn asks_for_encryption(url: &ServerUrl) -> Result<bool, Error> {
    match url.parameter("ssl") {
        None => Ok(false),
        Some(value) => boolean(value).ok_or_else(|| {
            let problem = "ssl is neither true nor false, and what else it asks for is not read";
            refuse(url, problem, "write ssl_ca, ssl_cert and ssl_key, each as one parameter")
        }),
    }
}

/// Reads a boolean parameter, as SQLAlchemy does.
fn flag(url: &ServerUrl, name: &str) -> Result<Option<bool>, Error> {
    let Some(value) = url.parameter(name) else { return Ok(None) };
    boolean(value).map(Some).ok_or_else(|| {
        refuse(url, &format!("{name} is neither true nor false"), "write true or false")
    })
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_lowercase().as_str() {
        "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
        "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
