//! Where a database on a server is, and the URL that says so.

use std::fmt;

use mlflow_migrate_core::url::ServerUrl;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The parts of a database's URL, each of which a test may replace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// SQLAlchemy's dialect, with the driver.
    pub dialect: String,
    /// The user.
    pub user: String,
    /// The password.
    pub password: Option<String>,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The database; empty where there is none.
    pub database: String,
    /// The parameters after the `?`.
    pub parameters: Vec<(String, String)>,
}

impl Address {
    /// Reads a URL of a superuser.
    ///
    /// # Errors
    /// If it is none, or lacks its user, its host or its port.
    pub fn parse(url: &str) -> Result<Self, String> {
        let parsed = ServerUrl::parse(url).map_err(|error| error.to_string())?;
        let lacks = |what: &str| format!("{}: {what} is missing", parsed.shown());
        Ok(Self {
            dialect: url.split_once("://").map_or(url, |(dialect, _)| dialect).to_owned(),
            user: parsed.user.clone().ok_or_else(|| lacks("the user"))?,
            password: parsed.password.as_ref().map(|secret| secret.0.clone()),
            host: parsed.host.clone().ok_or_else(|| lacks("the host"))?,
            port: parsed.port.ok_or_else(|| lacks("the port"))?,
            database: parsed.database.clone().unwrap_or_default(),
            parameters: parsed.parameters,
        })
    }

    /// Whether the server is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.dialect.starts_with("postgres")
    }

    /// Another database on the same server.
    #[must_use]
    pub fn of_database(&self, database: &str) -> Self {
        Self { database: database.to_owned(), ..self.clone() }
    }

    /// The same database as another user sees it.
    #[must_use]
    pub fn as_user(&self, user: &str, password: Option<&str>) -> Self {
        Self { user: user.to_owned(), password: password.map(ToOwned::to_owned), ..self.clone() }
    }

    /// The same database behind another port of this machine.
    #[must_use]
    pub fn through_port(&self, port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port, ..self.clone() }
    }

    /// The same database over connections that are not encrypted: these are faster, and can be
    /// counted.
    #[must_use]
    pub fn unencrypted(&self) -> Self {
        let (name, value) =
            if self.is_postgres() { ("sslmode", "disable") } else { ("ssl_mode", "DISABLED") };
        self.without_parameters().with(name, value)
    }

    /// The same database by a URL that says nothing of encryption.
    #[must_use]
    pub fn without_parameters(&self) -> Self {
        Self { parameters: Vec::new(), ..self.clone() }
    }

    /// The same database with one more parameter.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes the URL apart as the tool does.
    ///
    /// # Panics
    /// If the URL is none.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test's own address is right, or the test is wrong")]
    pub fn server_url(&self) -> ServerUrl {
        ServerUrl::parse(&self.to_string()).expect("the test's own URL")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let encode = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        write!(f, "{}://{}", self.dialect, encode(&self.user))?;
        if let Some(password) = &self.password {
            write!(f, ":{}", encode(password))?;
        }
        write!(f, "@{}:{}/{}", self.host, self.port, self.database)?;
        for (number, (name, value)) in self.parameters.iter().enumerate() {
            let separator = if number == 0 { '?' } else { '&' };
            write!(f, "{separator}{}={}", encode(name), encode(value))?;
        }
        Ok(())
    }
}
