//! Reads a URL and turns it into the options of a connection.
//!
//! MLflow's users write such URLs for PyMySQL, mysqlclient or MySQL Connector/Python.

mod encryption;
mod parameters;
mod refusal;

use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::url::ServerUrl;
use sqlx::mysql::MySqlConnectOptions;

use crate::options::OpenOptions;
use crate::text_protocol::PREPARED_STATEMENTS;

use encryption::Encryption;
use refusal::refuse;

const DEFAULT_PORT: u16 = 3306;
const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The target that a URL and the environment name.
///
/// Not `Debug`: the driver's options show the password.
pub(crate) struct Target {
    /// The driver's options.
    pub(crate) options: MySqlConnectOptions,
    /// How long opening a connection may take.
    pub(crate) connect_timeout: Duration,
    /// The name of the database on the server.
    pub(crate) database: String,
    /// The name of the database in messages, without a password.
    pub(crate) name: String,
    /// The user who logs in.
    pub(crate) user: String,
    /// Whether only the authorities in a file are to be trusted.
    pub(crate) names_an_authority: bool,
    /// The parts of the URL that have no effect.
    pub(crate) warnings: Vec<String>,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// If the URL names no user or no database, or a parameter has an invalid value.
    pub(crate) fn new(url: &ServerUrl, open: &OpenOptions) -> Result<Self, Error> {
        let Some(database) = url.database.clone() else {
            return Err(refuse(url, "it names no database", "write mysql://…/DATABASE"));
        };
        let own_user = || open.variable("LOGNAME").or_else(|| open.variable("USER"));
        let Some(user) = url.user.as_deref().or_else(own_user).map(ToOwned::to_owned) else {
            return Err(refuse(url, "it names no user", "write mysql://USER:PASSWORD@host/…"));
        };
        let (port, socket) = (port(url, open)?, socket(url, open));
        let host = url.host.as_deref().unwrap_or("localhost");
        let name = match &socket {
            Some(_) => format!("mysql://{user}@localhost/{database}"),
            None if host.contains(':') => format!("mysql://{user}@[{host}]:{port}/{database}"),
            None => format!("mysql://{user}@{host}:{port}/{database}"),
        };
        // This backend sets the session's settings itself (see `settings`).
        let mut options = MySqlConnectOptions::new()
            .host(host)
            .port(port)
            .username(&user)
            .database(&database)
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .timezone(None)
            .statement_cache_capacity(PREPARED_STATEMENTS);
        if let Some(path) = socket {
            options = options.socket(path);
        }
        let own_password = url.password.as_ref().map(|password| password.0.as_str());
        if let Some(password) = own_password.or_else(|| open.variable("MYSQL_PWD")) {
            options = options.password(password);
        }
        let warnings = parameters::check(url)?;
        let encryption = Encryption::new(url, open, socket.is_some())?;
        Ok(Self {
            names_an_authority: encryption.names_an_authority(),
            options: encryption.apply(options, &name)?,
            connect_timeout: connect_timeout(url)?,
            database,
            name,
            user,
            warnings,
        })
    }
}

/// Reads a URL as [`crate::Mysql::connect`] does, and returns the parts without effect.
///
/// Opens no connection.
///
/// # Errors
/// If the URL names no user or no database, or a parameter has an invalid value. Also if a
/// parameter asks for a protection that is not available.
pub fn read_url(url: &ServerUrl, options: &OpenOptions) -> Result<Vec<String>, Error> {
    Ok(Target::new(url, options)?.warnings)
}

fn port(url: &ServerUrl, open: &OpenOptions) -> Result<u16, Error> {
    match (url.port, open.variable("MYSQL_TCP_PORT")) {
        (Some(port), _) => Ok(port),
        (None, None) => Ok(DEFAULT_PORT),
        (None, Some(port)) => port.parse().map_err(|_| {
            let remedy = "write host:port, or set it to a number from 1 to 65535";
            refuse(url, "MYSQL_TCP_PORT is no number of a port", remedy)
        }),
    }
}

fn socket<'a>(url: &'a ServerUrl, open: &'a OpenOptions) -> Option<&'a str> {
    let of_environment = || {
        let is_local = url.host.is_none() && url.port.is_none();
        open.variable("MYSQL_UNIX_PORT").filter(|_| is_local)
    };
    url.parameter("unix_socket").or_else(|| url.parameter("socket")).or_else(of_environment)
}

fn connect_timeout(url: &ServerUrl) -> Result<Duration, Error> {
    let Some(text) = url.parameter("connect_timeout") else { return Ok(DEFAULT_CONNECT_TIMEOUT) };
    let seconds = text.parse().ok().filter(|seconds| *seconds > 0.0);
    let timeout = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    timeout.ok_or_else(|| {
        refuse(url, "connect_timeout is no number of seconds", "write connect_timeout=10")
    })
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::Error;
    use mlflow_migrate_core::url::ServerUrl;

    use super::{OpenOptions, Target};

    fn target(url: &str, environment: &[(&str, &str)]) -> Result<Target, Error> {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let environment = environment.iter().map(pair).collect();
        let open = OpenOptions { environment, ..OpenOptions::default() };
        Target::new(&ServerUrl::parse(url).unwrap(), &open)
    }

    #[test]
    fn the_address_comes_from_the_url_or_the_environment() {
        type Pairs = &'static [(&'static str, &'static str)];
        type Case = (&'static str, Pairs, &'static str, Option<&'static str>);
        const ENVIRONMENT: Pairs =
            &[("MYSQL_TCP_PORT", "3307"), ("MYSQL_UNIX_PORT", "/s"), ("USER", "me")];
        let cases: [Case; 6] = [
            ("mysql://u:p@h/d", &[], "mysql://u@h:3306/d", None),
            ("mariadb+pymysql://u@h:3308/d", ENVIRONMENT, "mysql://u@h:3308/d", None),
            ("mysql://h/d", ENVIRONMENT, "mysql://me@h:3307/d", None),
            ("mysql:///d", ENVIRONMENT, "mysql://me@localhost/d", Some("/s")),
            ("mysql://u@/d?unix_socket=%2Frun%2Fs", &[], "mysql://u@localhost/d", Some("/run/s")),
            ("mysql://u@[::1]/d", &[], "mysql://u@[::1]:3306/d", None),
        ];
        for (url, environment, name, socket) in cases {
            let target = target(url, environment).unwrap();
            let found = target.options.get_socket().and_then(|path| path.to_str());
            assert_eq!((target.name.as_str(), found), (name, socket), "{url}");
        }
    }

    #[test]
    fn what_is_missing_or_malformed_is_refused() {
        for url in [
            "mysql://u@h",
            "mysql://h/d",
            "mysql://u@h/d?connect_timeout=soon",
            "mysql://u@h/d?ssl_mode=MAYBE",
            "mysql://u@h/d?ssl_cert=/c",
            "mysql://u@h/d?ssl_disabled=perhaps",
        ] {
            assert!(matches!(target(url, &[]), Err(Error::Url { .. })), "{url}");
        }
    }

    #[test]
    fn what_has_no_effect_is_named_without_its_value() {
        let url = "mysql://u@h/d?charset=utf8&init_command=SECRET&wibble=SECRET";
        let warnings = target(url, &[]).unwrap().warnings;
        assert_eq!(warnings.len(), 2);
        assert!(warnings.iter().all(|warning| !warning.contains("SECRET")));
        assert!(warnings[0].contains("init_command") && warnings[1].contains("wibble"));
    }
}
