//! Connects to a server.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use mlflow_migrate_backend_server::line::{Line, Meter};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::event::{Observer, Progress};
use mlflow_migrate_core::platform::Platform;
use mlflow_migrate_core::url::ServerUrl;
use sqlx::MySqlConnection;
use sqlx::mysql::{MySqlConnectOptions, MySqlSslMode};

use crate::cancel::Canceller;
use crate::claim::Claim;
use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::{Context, describe_io, server_error};
use crate::features::Features;
use crate::options::{OpenOptions, Target};
use crate::swap::Occasions;
use crate::watch::Watch;
use crate::{greeting, session, text};

/// Opens further connections to the same database.
#[derive(Clone)]
pub(crate) struct Connector {
    options: MySqlConnectOptions,
    timeout: Duration,
    /// How long the server may take to answer what is soon answered.
    patience: Duration,
    context: Context,
    /// By which the server knows those that are, or were, at work for an upgrade.
    at_work: Arc<Mutex<Vec<String>>>,
}

impl Connector {
    /// Notes that a connection works for an upgrade, and tells by which number the server knows it.
    pub(crate) async fn note_work(
        &self,
        connection: &mut Connection,
    ) -> Result<Option<String>, sqlx::Error> {
        let id = text::value(connection, "SELECT CONNECTION_ID()").await?;
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        at_work.extend(id.clone());
        Ok(id)
    }

    /// The numbers that were noted, separated by commas.
    pub(crate) fn at_work(&self) -> String {
        self.at_work.lock().unwrap_or_else(PoisonError::into_inner).join(", ")
    }

    /// What is said of the database in errors.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// As many connections as the server gives, up to so many. If it has no room for more, or none for
    /// this user, that is told.
    pub(crate) async fn open_several(
        &self,
        wanted: usize,
        progress: &Progress,
    ) -> Result<Vec<Connection>, Error> {
        let mut given = Vec::new();
        let mut refusal = None;
        for opened in join_all((0..wanted).map(|_| self.open())).await {
            match opened {
                Ok(mut connection) => {
                    let noted = self.note_work(&mut connection).await;
                    noted.map_err(|source| {
                        self.context.error("opening another connection", source)
                    })?;
                    given.push(connection);
                }
                Err(error @ Error::Unavailable { .. }) => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        if let Some(refusal) = refusal {
            let given = given.len();
            progress.notice(format!(
                "{refusal}; going on with {given} of {wanted} further connections"
            ));
        }
        Ok(given)
    }

    /// A connection that only looks at the server, also while that would not let it read.
    pub(crate) async fn open_to_look(&self) -> Result<Connection, Error> {
        let mut connection = self.connect().await?;
        // Only Galera knows it.
        let _ = text::run_soon(&mut connection, "SET SESSION wsrep_sync_wait = 0").await;
        Ok(connection)
    }

    /// A connection with the settings of every session here.
    pub(crate) async fn open(&self) -> Result<Connection, Error> {
        let mut connection = self.connect().await?;
        session::prepare(&mut connection, &self.context).await?;
        Ok(connection)
    }

    async fn connect(&self) -> Result<Connection, Error> {
        let opened = attempt(self.timeout, &self.options).await;
        let (driver, meter) = opened.map_err(|failure| match failure {
            Failure::Other(source) => self.context.error("opening another connection", source),
            failure => explain(&self.options, &self.context, failure),
        })?;
        Ok(Connection { driver, line: Line::new(meter, self.patience) })
    }
}

/// A connection to one database on a MySQL or MariaDB server.
pub struct Mysql {
    pub(crate) connection: Connection,
    pub(crate) context: Context,
    pub(crate) features: Features,
    pub(crate) platform: Platform,
    pub(crate) connector: Connector,
    /// What ends a statement when the upgrade is asked to end.
    pub(crate) canceller: Option<Canceller>,
    /// Over how many connections rows are copied and computed.
    pub(crate) jobs: usize,
    pub(crate) swap_from_rows: u64,
    pub(crate) range_rows: u32,
    /// How long the schema that was read last is as the journal notes it.
    pub(crate) schema_bytes: usize,
    /// What the schema that was read last does not tell of its tables.
    pub(crate) occasions: Occasions,
    pub(crate) lock_wait: Duration,
    /// The name of the lock that this session holds.
    pub(crate) lock: Option<String>,
    /// What the server is part of.
    pub(crate) cluster: Cluster,
    /// The lock that other nodes of a cluster see.
    pub(crate) claim: Option<Claim>,
    /// Whom to tell of what an upgrade waits for.
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) watch: Option<Watch>,
    /// Whether a transaction is open.
    pub(crate) in_transaction: bool,
    pub(crate) warnings: Vec<String>,
}

impl fmt::Debug for Mysql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mysql").field("name", &self.context.name).finish_non_exhaustive()
    }
}

impl Mysql {
    /// Connects to the database that a URL names.
    ///
    /// # Errors
    /// If the URL is wrong, the server cannot be reached, refuses the user, or is too old.
    pub async fn connect(url: &ServerUrl, options: &OpenOptions) -> Result<Self, Error> {
        let target = Target::new(url, options)?;
        let context = Context {
            name: target.name.clone(),
            user: target.user.clone(),
            lock_seconds: options.lock_timeout.as_secs().max(1),
        };
        if target.names_an_authority {
            let checked = options.system_authorities.check();
            checked.map_err(|problem| encryption_error(&context, problem, ENVIRONMENT_HINT))?;
        }
        let (driver, meter) = open(&target, &context).await?;
        let patience = options.answer_timeout.saturating_add(options.lock_timeout);
        let mut connection = Connection { driver, line: Line::new(meter, patience) };
        let looked = look_around(&mut connection, &context);
        let (features, cluster) = match tokio::time::timeout(target.connect_timeout, looked).await {
            Ok(found) => found?,
            Err(_) => {
                let source = sqlx::Error::Io(no_answer(target.connect_timeout));
                return Err(explain(&target.options, &context, Failure::Other(source)));
            }
        };
        let connector = Connector {
            options: target.options,
            timeout: target.connect_timeout,
            patience,
            context: context.clone(),
            at_work: Arc::default(),
        };
        Ok(Self {
            connection,
            context,
            connector,
            canceller: None,
            jobs: options.jobs,
            swap_from_rows: options.swap_from_rows,
            range_rows: options.range_rows,
            schema_bytes: 0,
            occasions: Occasions::default(),
            platform: features.platform(),
            features,
            lock_wait: options.lock_wait,
            lock: None,
            cluster,
            claim: None,
            observer: None,
            watch: None,
            in_transaction: false,
            warnings: target.warnings,
        })
    }

    /// As many connections as there are jobs, if that is more than one, or as many as the server gives.
    ///
    /// They read what is committed. Otherwise InnoDB locks the row after a range too (MySQL before 8.0, and
    /// MariaDB), which is the first one of the next range: whoever is at that would be waited for. A
    /// server that logs statements as they are refuses to do that, and gets one connection.
    pub(crate) async fn open_further(
        &mut self,
        progress: &Progress,
    ) -> Result<Vec<Box<dyn Backend>>, Error> {
        const LOG: &str = "SHOW VARIABLES WHERE (Variable_name = 'log_bin' AND Value = 'ON') \
                           OR (Variable_name = 'binlog_format' AND Value = 'STATEMENT')";
        const ISOLATION: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
        let context = self.context.clone();
        let failed = |source| context.error("opening further connections", source);
        let logs_statements =
            text::rows(&mut self.connection, LOG).await.map_err(failed)?.len() == 2;
        let mut further: Vec<Box<dyn Backend>> = Vec::new();
        if self.jobs <= 1 || logs_statements {
            return Ok(further);
        }
        for mut connection in self.connector.open_several(self.jobs, progress).await? {
            text::run_soon(&mut connection, ISOLATION).await.map_err(failed)?;
            further.push(Box::new(Self {
                connection,
                context: self.context.clone(),
                connector: self.connector.clone(),
                // A range is soon done.
                canceller: None,
                jobs: 1,
                swap_from_rows: self.swap_from_rows,
                range_rows: self.range_rows,
                schema_bytes: 0,
                occasions: Occasions::default(),
                platform: self.platform.clone(),
                features: self.features.clone(),
                lock_wait: self.lock_wait,
                lock: None,
                cluster: self.cluster.clone(),
                claim: None,
                observer: None,
                watch: None,
                in_transaction: false,
                warnings: Vec::new(),
            }));
        }
        Ok(further)
    }

    /// What of the URL has no effect, and what else the user should know of the connection.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// What the server can do.
    #[must_use]
    pub fn features(&self) -> &Features {
        &self.features
    }
}

/// What kind of server this is, what it is part of, and the session's settings.
async fn look_around(
    connection: &mut Connection,
    context: &Context,
) -> Result<(Features, Cluster), Error> {
    let action = "reading the server's version";
    let version = text::value(connection, "SELECT VERSION()").await;
    let version = version.map_err(|source| context.error(action, source))?.unwrap_or_default();
    let features = Features::parse(&version).map_err(|error| named(error, &context.name))?;
    let found = async {
        let cluster = Cluster::read(connection).await?;
        let is_ready = cluster.is_ready(connection).await?;
        Ok((cluster, is_ready))
    };
    let found: Result<_, sqlx::Error> = found.await;
    let (cluster, is_ready) =
        found.map_err(|source| context.error("looking for a cluster", source))?;
    if !is_ready {
        return Err(context.apart());
    }
    session::prepare(connection, context).await?;
    Ok((features, cluster))
}

fn encryption_error(context: &Context, problem: String, hint: &str) -> Error {
    Error::Tls { name: context.name.clone(), problem, hint: hint.to_owned() }
}

fn no_answer(timeout: Duration) -> io::Error {
    let problem = format!("no answer within {} s", timeout.as_secs_f64());
    io::Error::new(io::ErrorKind::TimedOut, problem)
}

/// A version that is too old, told of the database that the user knows.
fn named(error: Error, name: &str) -> Error {
    match error {
        Error::ServerLimit { problem, hint, .. } => {
            Error::ServerLimit { name: name.to_owned(), problem, hint }
        }
        error => error,
    }
}

/// Why a connection did not come about.
pub(crate) enum Failure {
    /// The server wants the password as it is, and may be anybody.
    ClearPassword,
    /// The server wants the password encrypted with a key of its own, and may be anybody.
    ForeignKey,
    /// Anything else.
    Other(sqlx::Error),
}

/// The driver's connection, and what measures what comes over it.
type Opened = (MySqlConnection, Arc<Meter>);

async fn open(target: &Target, context: &Context) -> Result<Opened, Error> {
    match attempt(target.connect_timeout, &target.options).await {
        Ok(connection) => Ok(connection),
        Err(failure) if is_denied(&failure) && is_encryption_demanded(target).await => {
            Err(Error::Tls {
                name: context.name.clone(),
                problem: "the server takes this user only over an encrypted connection".to_owned(),
                hint: "remove ssl_disabled, or write ssl_mode=REQUIRED, in the URL".to_owned(),
            })
        }
        Err(failure) => Err(explain(&target.options, context, failure)),
    }
}

async fn attempt(timeout: Duration, options: &MySqlConnectOptions) -> Result<Opened, Failure> {
    match tokio::time::timeout(timeout, greeting::connect(options)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::Other(sqlx::Error::Io(no_answer(timeout)))),
    }
}

fn is_denied(failure: &Failure) -> bool {
    let Failure::Other(source) = failure else { return false };
    server_error(source).is_some_and(|(number, _)| number == 1045)
}

/// A user that was created with `REQUIRE SSL` is refused as if the password were wrong.
async fn is_encryption_demanded(target: &Target) -> bool {
    let disabled = matches!(target.options.get_ssl_mode(), MySqlSslMode::Disabled);
    let encrypted = target.options.clone().ssl_mode(MySqlSslMode::Required);
    disabled
        && target.options.get_socket().is_none()
        && attempt(target.connect_timeout, &encrypted).await.is_ok()
}

fn explain(options: &MySqlConnectOptions, context: &Context, failure: Failure) -> Error {
    let name = context.name.clone();
    let unreachable = |problem: String, hint: &str| Error::Unreachable {
        name: name.clone(),
        problem,
        hint: hint.to_owned(),
    };
    let encryption = |problem, hint: &str| encryption_error(context, problem, hint);
    let source = match failure {
        Failure::ClearPassword => return encryption(CLEAR_PASSWORD.to_owned(), AUTHORITY_HINT),
        Failure::ForeignKey => return encryption(FOREIGN_KEY.to_owned(), FOREIGN_KEY_HINT),
        Failure::Other(source) => source,
    };
    let hint = encryption_hint(options);
    match source {
        // The TLS library reports its errors as invalid data.
        sqlx::Error::Io(cause) if cause.kind() == io::ErrorKind::InvalidData => {
            encryption(format!("the connection cannot be encrypted: {cause}"), hint)
        }
        sqlx::Error::Io(cause) => {
            let problem = match options.get_socket() {
                Some(path) => format!("{}: {}", path.display(), describe_io(&cause)),
                None => describe_io(&cause),
            };
            let hint = "check host and port, and whether the server is running";
            if is_unknown_host(&problem) {
                return unreachable(problem, hint);
            }
            Error::Unavailable { name, problem, hint: hint.to_owned() }
        }
        sqlx::Error::Tls(cause) => encryption(cause.to_string(), hint),
        sqlx::Error::Configuration(cause) => encryption(cause.to_string(), hint),
        sqlx::Error::Protocol(problem) if problem.contains("authentication plugin") => {
            Error::AccessDenied { name: name.clone(), problem }
        }
        sqlx::Error::Protocol(problem) => {
            let problem = format!("the server does not answer as MySQL does: {problem}");
            unreachable(problem, "check host and port")
        }
        source => context.error("connecting", source),
    }
}

const ENVIRONMENT_HINT: &str =
    "mlflow-migrate itself starts that way; a program that embeds it has to, or to allow them";

const CLEAR_PASSWORD: &str =
    "the server asks for the password in clear text, and nothing shows that it is the right server";

const AUTHORITY_HINT: &str = "the password was not sent; check host and port, and write \
     ssl_ca=FILE with the authority that has signed the server's certificate";

const FOREIGN_KEY: &str = "the server asks for the password encrypted with a key of its own, over \
     a connection that is not encrypted, and nothing shows that it is the right server";

const FOREIGN_KEY_HINT: &str = "the password was not sent; let the server offer TLS, or write \
     ssl_mode=DISABLED if nobody else can be at the other end";

/// A name server that does not answer may do so later.
fn is_unknown_host(problem: &str) -> bool {
    problem.contains("lookup address") && !problem.contains("Temporary failure")
}

fn encryption_hint(options: &MySqlConnectOptions) -> &'static str {
    match options.get_ssl_mode() {
        MySqlSslMode::VerifyIdentity => {
            "ssl_ca (or MLFLOW_MYSQL_SSL_CA) must be what signed the server's certificate, and that \
             must name the host; ssl_check_hostname=false does not look at the host"
        }
        MySqlSslMode::VerifyCa => {
            "ssl_ca (or MLFLOW_MYSQL_SSL_CA) must be what signed the server's certificate"
        }
        _ => {
            "the server must offer TLS 1.2 or later; ssl_mode=DISABLED asks for no encryption, where \
             nobody can read along"
        }
    }
}
