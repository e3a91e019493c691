//! Arguments that several commands share.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Args;
use mlflow_migrate::ConnectOptions;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::url::without_password;
use mlflow_migrate_core::{Error, UpgradeOptions};

use crate::database::Database;
use crate::{Context, url};

/// Which database, and how to reach it.
#[derive(Args, Debug)]
pub(crate) struct Connection {
    /// The database, as SQLAlchemy and MLflow name it: sqlite:///relative.db, or the path of an
    /// SQLite file; postgresql://user:password@host/database; mysql+pymysql://user@host/database
    ///
    /// Without it, MLFLOW_BACKEND_STORE_URI or else MLFLOW_TRACKING_URI names the database. Missing
    /// parts of the URL are read from PGPASSWORD and the other libpq variables, or from MYSQL_PWD,
    /// MLFLOW_MYSQL_SSL_CA, MLFLOW_MYSQL_SSL_CERT and MLFLOW_MYSQL_SSL_KEY.
    #[arg(value_name = "URL")]
    url: Option<String>,

    /// How long to wait for a table, or an SQLite file, that another program holds
    #[arg(long, visible_alias = "busy-timeout", value_name = "DURATION", value_parser = duration, default_value = "10s")]
    lock_timeout: Duration,

    /// How long to wait on a server for another upgrade of the same database
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    lock_wait: Duration,

    /// How long a server may take to answer a question about its catalogue, beside waiting for a lock.
    /// What reads or changes rows may take as long as it takes
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m")]
    answer_timeout: Duration,
}

impl Connection {
    /// Returns the user's database.
    ///
    /// If an environment variable names the database, a notice names the variable.
    pub(crate) fn database(&self, context: &Context) -> Result<Database, Error> {
        if let Some(url) = &self.url {
            return Database::parse(url);
        }
        let (url, variable) = url::from_environment(|name| std::env::var_os(name))?;
        let message = format!("using {} from {variable}", without_password(&url));
        context.renderer.notify(&Event::Notice { message });
        Database::parse(&url)
    }

    /// Connects to the user's database, which must exist.
    pub(crate) async fn open(&self, context: &Context) -> Result<Box<dyn Backend>, Error> {
        self.database(context)?.open(&self.connecting(), false, context).await
    }

    /// Returns the options of a connection.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        let mut options = ConnectOptions::default();
        options.lock_timeout = self.lock_timeout;
        options.lock_wait = self.lock_wait;
        options.answer_timeout = self.answer_timeout;
        options
    }
}

/// Which database, what it holds, and over how many connections rows are written.
#[derive(Args, Debug)]
pub(crate) struct DatabaseArguments {
    /// What a database holds that has no alembic_version, or another program's version there: a
    /// revision, an MLflow release, or `empty`
    #[arg(long, value_name = "REVISION")]
    assume: Option<String>,

    #[command(flatten)]
    connection: Connection,

    /// Over how many connections a MySQL server copies and computes rows [default: one a core, 4 to 16]
    #[arg(long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
}

impl DatabaseArguments {
    /// Returns whether the arguments contain a URL.
    pub(crate) fn is_given(&self) -> bool {
        self.connection.url.is_some()
    }

    /// Returns the user's database, as [`Connection::database`] does.
    pub(crate) fn database(&self, context: &Context) -> Result<Database, Error> {
        self.connection.database(context)
    }

    /// Connects to the user's database, which must exist.
    pub(crate) async fn open(&self, context: &Context) -> Result<Box<dyn Backend>, Error> {
        self.database(context)?.open(&self.connecting(), false, context).await
    }

    /// Returns the options of a connection.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        let mut options = self.connection.connecting();
        options.jobs = self.jobs.map_or_else(usual_jobs, NonZeroUsize::get);
        options
    }

    /// Returns what the user assumes about a database without a version.
    pub(crate) fn assumption(&self, catalogue: &Catalogue) -> Result<Option<Assumption>, Error> {
        match self.assume.as_deref() {
            None => Ok(None),
            Some("empty") => Ok(Some(Assumption::Empty)),
            Some(text) => {
                let revision = Target::parse(text).resolve(catalogue, None)?;
                Ok(Some(Assumption::At(revision)))
            }
        }
    }

    /// Returns the options of an upgrade.
    pub(crate) fn request(
        &self,
        target: &TargetArguments,
        catalogue: &Catalogue,
    ) -> Result<UpgradeOptions, Error> {
        let mut options = UpgradeOptions::to(Target::parse(&target.to));
        options.assume = self.assumption(catalogue)?;
        options.accept_drift = target.accept_drift;
        Ok(options)
    }
}

/// Where to go.
#[derive(Args, Debug)]
pub(crate) struct TargetArguments {
    /// `head`, `base`, a revision or the beginning of one, `+N`, or an MLflow release: 2.9.2, 2.9.x,
    /// mlflow==2.9.2
    #[arg(long, value_name = "TARGET", default_value = "head")]
    to: String,

    /// Continue with a schema that differs from its revision, where that is possible
    #[arg(long)]
    accept_drift: bool,
}

/// Parses a duration: `10s`, `2m`, or a number of seconds.
///
/// Servers count in seconds when they wait for locks, so a fraction of one is refused.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    if let Ok(seconds) = text.parse() {
        return Ok(Duration::from_secs(seconds));
    }
    let duration = humantime::parse_duration(text)
        .map_err(|error| format!("{error}; write 10s, 2m, or a number of seconds"))?;
    match duration.subsec_nanos() {
        0 => Ok(duration),
        _ => Err("a whole number of seconds is needed".to_owned()),
    }
}

/// Returns the default number of connections, by this machine's cores.
///
/// The cores of the server are not known. A connection that waits for the server's disk uses no
/// core, so even the smallest machine gets four. The largest gets no more than a server with the
/// default limit of 151 connections can spare.
fn usual_jobs() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get).clamp(4, 16)
}
