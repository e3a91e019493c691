//! Arguments that several commands share.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use clap::Args;
use mlflow_migrate::ConnectOptions;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::location::Assumption;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::upgrade::options::Pace;
use mlflow_migrate_core::url::without_password;
use mlflow_migrate_core::{Error, UpgradeOptions};

use crate::database::Database;
use crate::graphs::Unclear;
use crate::{Context, installed_mlflow, url};

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

    #[command(flatten)]
    waits: Waits,
}

/// The heading of the options that say how to reach a database.
const HEADING: &str = "Connection";

impl Connection {
    /// Returns whether the arguments contain a URL.
    pub(crate) fn is_given(&self) -> bool {
        self.url.is_some()
    }

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

    /// Returns the options of a connection.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        self.waits.connecting()
    }
}

/// How long to wait for others, and for a server.
#[derive(Args, Debug)]
pub(crate) struct Waits {
    /// How long to wait for a table, or an SQLite file, that another program holds
    #[arg(long, visible_alias = "busy-timeout", value_name = "DURATION", value_parser = duration, default_value = "10s", help_heading = HEADING)]
    lock_timeout: Duration,

    /// How long to wait on a server for another upgrade of the same database
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m", help_heading = HEADING)]
    lock_wait: Duration,

    /// How long a server may take to answer a catalogue query, without its wait for locks. Statements
    /// that read or change rows have no limit
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m", help_heading = HEADING)]
    answer_timeout: Duration,
}

impl Waits {
    /// Returns the options of a connection.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        let mut options = ConnectOptions::default();
        options.lock_timeout = self.lock_timeout;
        options.lock_wait = self.lock_wait;
        options.answer_timeout = self.answer_timeout;
        options.jobs = usual_jobs();
        options
    }
}

/// What a database holds that does not say so itself.
#[derive(Args, Debug)]
pub(crate) struct Assumed {
    /// What a database holds that has no alembic_version, or another program's version there: a
    /// revision, an MLflow release, or `empty`
    #[arg(long, value_name = "REVISION")]
    assume: Option<String>,
}

impl Assumed {
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
}

/// Which database, and what it holds.
#[derive(Args, Debug)]
pub(crate) struct DatabaseArguments {
    #[command(flatten)]
    connection: Connection,

    #[command(flatten)]
    assumed: Assumed,
}

impl DatabaseArguments {
    /// Returns whether the arguments contain a URL.
    pub(crate) fn is_given(&self) -> bool {
        self.connection.is_given()
    }

    /// Returns the user's database, as [`Connection::database`] does.
    pub(crate) fn database(&self, context: &Context) -> Result<Database, Error> {
        self.connection.database(context)
    }

    /// Returns the options of a connection.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        self.connection.connecting()
    }

    /// Connects to the user's database, which must exist.
    pub(crate) async fn open(&self, context: &Context) -> Result<Box<dyn Backend>, Error> {
        self.database(context)?.open(&self.connecting(), false, context).await
    }

    /// Returns what the user assumes about a database without a version.
    pub(crate) fn assumption(&self, catalogue: &Catalogue) -> Result<Option<Assumption>, Error> {
        self.assumed.assumption(catalogue)
    }

    /// Returns the assumption as it is written.
    pub(crate) fn assumed(&self) -> Option<&str> {
        self.assumed.assume.as_deref()
    }
}

/// How many connections do the work.
#[derive(Args, Debug)]
pub(crate) struct Workers {
    /// Number of connections for copying and computing rows on MySQL [default: one a core, 4 to 16]
    #[arg(long, value_name = "N", help_heading = HEADING)]
    jobs: Option<NonZeroUsize>,
}

impl Workers {
    /// Returns the options of a connection with this number of connections.
    pub(crate) fn connecting(&self, mut options: ConnectOptions) -> ConnectOptions {
        options.jobs = self.jobs.map_or(options.jobs, NonZeroUsize::get);
        options
    }
}

/// A database to upgrade, or to plan an upgrade of.
#[derive(Args, Debug)]
pub(crate) struct UpgradeArguments {
    #[command(flatten)]
    database: DatabaseArguments,

    #[command(flatten)]
    destination: Destination,

    /// Continue with a schema that differs from its revision, where that is possible
    #[arg(long)]
    accept_drift: bool,

    #[command(flatten)]
    workers: Workers,
}

impl UpgradeArguments {
    /// Returns the user's database, as [`Connection::database`] does.
    pub(crate) fn database(&self, context: &Context) -> Result<Database, Error> {
        self.database.database(context)
    }

    /// Connects to the user's database, which must exist.
    pub(crate) async fn open(&self, context: &Context) -> Result<Box<dyn Backend>, Error> {
        self.database(context)?.open(&self.connecting(), false, context).await
    }

    /// Returns the options of a connection.
    pub(crate) fn connecting(&self) -> ConnectOptions {
        self.workers.connecting(self.database.connecting())
    }

    /// Returns what may fit one graph only.
    pub(crate) fn unclear<'a>(&'a self, options: &'a UpgradeOptions) -> Unclear<'a> {
        Unclear { assume: self.database.assumed(), target: Some(&options.target) }
    }

    /// Returns what the user assumes about a database without a version.
    pub(crate) fn assumption(&self, catalogue: &Catalogue) -> Result<Option<Assumption>, Error> {
        self.database.assumption(catalogue)
    }

    /// Returns the options of an upgrade of a tracking store.
    pub(crate) fn request(&self, context: &Context) -> Result<UpgradeOptions, Error> {
        let mut options = self.options(context)?;
        options.assume = self.assumption(&context.catalogue)?;
        Ok(options)
    }

    /// Returns the options of an upgrade, without what is assumed of the database.
    pub(crate) fn options(&self, context: &Context) -> Result<UpgradeOptions, Error> {
        let destination = self.destination.target(context)?.unwrap_or(Target::Head);
        let mut options = UpgradeOptions::to(destination);
        options.accept_drift = self.accept_drift;
        Ok(options)
    }
}

/// A state of the schema, by the name of a revision or a release.
#[derive(Args, Debug)]
pub(crate) struct Destination {
    /// `head`, `base`, a revision or the beginning of one, `+N`, or an MLflow release: 2.9.2, 2.9.x,
    /// mlflow==2.9.2, or `mlflow` for the one that is installed here
    #[arg(long, value_name = "TARGET")]
    to: Option<String>,

    /// Upgrade to the release of the MLflow that is installed for this Python interpreter
    #[arg(long = "for", value_name = "PYTHON", conflicts_with = "to")]
    python: Option<PathBuf>,
}

impl Destination {
    /// Returns the destination of that name.
    pub(crate) fn named(target: &str) -> Self {
        Self { to: Some(target.to_owned()), python: None }
    }

    /// Returns the target; `None` if the arguments name none.
    ///
    /// A notice names the installed MLflow, if that is the target.
    pub(crate) fn target(&self, context: &Context) -> Result<Option<Target>, Error> {
        let asks_for_installed = self.to.as_deref() == Some("mlflow") || self.python.is_some();
        if !asks_for_installed {
            return Ok(self.to.as_deref().map(Target::parse));
        }
        let release = installed_mlflow::release(self.python.as_deref())?;
        let message = format!("the installed MLflow is {release}");
        context.renderer.notify(&Event::Notice { message });
        Ok(Some(Target::parse(&release)))
    }
}

/// How fast rows are written while MLflow runs.
#[derive(Args, Debug)]
pub(crate) struct Throttle {
    /// Rest after each transaction that writes rows: this multiple of the time that it took
    #[arg(long, value_name = "RATIO", default_value_t = 1.0, value_parser = ratio)]
    throttle: f64,

    /// Begin no transaction and no change of a table while others run more statements than this
    #[arg(long, value_name = "STATEMENTS")]
    max_load: Option<u64>,
}

impl Throttle {
    pub(crate) fn pace(&self) -> Pace {
        Pace { rest: self.throttle, max_load: self.max_load }
    }
}

/// Reads a ratio: a rest has to end.
fn ratio(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(ratio) if (0.0..=100.0).contains(&ratio) => Ok(ratio),
        _ => Err("a number from 0 to 100".to_owned()),
    }
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
