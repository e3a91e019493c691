//! From the parameters of a URL, and MLflow's variables, to how a connection is encrypted.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::options::{OpenOptions, refuse};

/// How a connection is to be encrypted.
pub(crate) struct Encryption {
    mode: MySqlSslMode,
    ca: Option<String>,
    client: Option<(String, String)>,
}

impl Encryption {
    pub(crate) fn new(url: &ServerUrl, open: &OpenOptions, is_socket: bool) -> Result<Self, Error> {
        // MLflow hands its variables to the driver after the URL's parameters, so they win.
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
        let flag = |name: &str| flag(url, name);
        let verifies_identity =
            flag("ssl_verify_identity")? == Some(true) || flag("ssl_check_hostname")? == Some(true);
        let verifies_certificate = flag("ssl_verify_cert")?;
        let mode = match url.parameter("ssl_mode") {
            Some(mode) => mode.to_uppercase().parse().map_err(|_| {
                let problem = "ssl_mode has a value that it cannot have";
                let hint = "write DISABLED, PREFERRED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY";
                refuse(url, problem, hint)
            })?,
            None if flag("ssl_disabled")? == Some(true) => MySqlSslMode::Disabled,
            None if verifies_identity => MySqlSslMode::VerifyIdentity,
            None if verifies_certificate == Some(true) => MySqlSslMode::VerifyCa,
            None if ca.is_some() && verifies_certificate.is_none() => MySqlSslMode::VerifyCa,
            None if ca.is_some() || client.is_some() => MySqlSslMode::Required,
            // PyMySQL's `ssl={...}` has no form in a URL; whoever writes one wants encryption.
            None if url.parameter("ssl").is_some_and(|value| boolean(value) != Some(false)) => {
                MySqlSslMode::Required
            }
            None if is_socket => MySqlSslMode::Disabled,
            None => MySqlSslMode::Preferred,
        };
        Ok(Self { mode, ca, client })
    }

    /// A file that cannot be read would look like a server that cannot be reached.
    pub(crate) fn refuse_unreadable(&self, name: &str) -> Result<(), Error> {
        let client = self.client.iter().flat_map(|(certificate, key)| [certificate, key]);
        for path in self.ca.iter().chain(client) {
            if let Err(source) = std::fs::File::open(path) {
                return Err(Error::Tls {
                    name: name.to_owned(),
                    problem: format!("{path}: {source}"),
                    hint: "check ssl_ca, ssl_cert and ssl_key in the URL, or MLFLOW_MYSQL_SSL_CA, \
                           _CERT and _KEY"
                        .to_owned(),
                });
            }
        }
        Ok(())
    }

    pub(crate) fn apply(self, mut options: MySqlConnectOptions) -> MySqlConnectOptions {
        options = options.ssl_mode(self.mode);
        if let Some(ca) = self.ca {
            options = options.ssl_ca(ca);
        }
        if let Some((certificate, key)) = self.client {
            options = options.ssl_client_cert(certificate).ssl_client_key(key);
        }
        options
    }
}

/// A parameter that is a yes or a no, as SQLAlchemy reads it.
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
mod tests {
    use mlflow_migrate_core::url::ServerUrl;

    use super::{Encryption, OpenOptions};

    fn mode_of(url: &str, environment: &[(&str, &str)]) -> String {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(pair).collect();
        let open = OpenOptions { environment, ..OpenOptions::default() };
        let url = ServerUrl::parse(url).unwrap();
        let is_socket = url.parameter("unix_socket").is_some();
        format!("{:?}", Encryption::new(&url, &open, is_socket).unwrap().mode)
    }

    #[test]
    fn encryption_is_as_the_parameters_ask() {
        for (parameters, expected) in [
            ("charset=utf8mb4", "Preferred"),
            ("unix_socket=/s", "Disabled"),
            ("ssl_disabled=true", "Disabled"),
            ("ssl_mode=required", "Required"),
            ("ssl_mode=VERIFY_IDENTITY&ssl_ca=/file", "VerifyIdentity"),
            ("ssl_ca=/file", "VerifyCa"),
            ("ssl_ca=/file&ssl_verify_cert=false", "Required"),
            ("ssl_ca=/file&ssl_check_hostname=true", "VerifyIdentity"),
            ("ssl_ca=/file&ssl_check_hostname=false", "VerifyCa"),
            ("ssl_ca=/file&ssl_verify_identity=1", "VerifyIdentity"),
            ("ssl_cert=/file&ssl_key=/file", "Required"),
            ("ssl=true", "Required"),
            ("ssl=false", "Preferred"),
            ("ssl={'ca':'/ca'}", "Required"),
        ] {
            let url = format!("mysql+pymysql://u:p@h/d?{parameters}");
            assert_eq!(mode_of(&url, &[]), expected, "{parameters}");
        }
    }

    #[test]
    fn mlflows_variables_ask_for_encryption_too() {
        let environment = &[("MLFLOW_MYSQL_SSL_CA", "/file")];
        assert_eq!(mode_of("mysql://u@h/d", environment), "VerifyCa");
    }
}
