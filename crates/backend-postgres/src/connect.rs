//! Opens a database.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mlflow_migrate_backend_server::certificates::SystemAuthorities;
use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer};
use mlflow_migrate_core::url::ServerUrl;
use sqlx::{PgConnection, Row as _};

use crate::cancel::{Canceller, Connector};
use crate::error::Context;
use crate::login::Attempt;
use crate::login::url::Settings;
use crate::login::url::endpoint::Endpoint;
use crate::login::url::session_kind::SessionKind;

/// The oldest server with all that is used here: generated columns came with 12.
const OLDEST_VERSION: u32 = 120_000;

const ENVIRONMENT_HINT: &str =
    "mlflow-migrate itself starts that way; a program that embeds it has to, or to allow them";

/// How to open a database.
#[derive(Clone)]
pub struct OpenOptions {
    /// How long to wait for the lock on a table.
    pub lock_timeout: Duration,
    /// How long to wait for another upgrader.
    pub lock_wait: Duration,
    /// How long the server may take to let us in, where the URL does not say, and to answer what is soon
    /// answered, beside waiting for a lock.
    pub answer_timeout: Duration,
    /// Defaults for what the URL leaves out: those of [`crate::ENVIRONMENT`].
    pub environment: BTreeMap<String, String>,
    /// What becomes of the system's authorities where the URL names another one.
    pub system_authorities: SystemAuthorities,
}

/// Of the environment only the names: one of the values is a password.
impl fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenOptions")
            .field("lock_timeout", &self.lock_timeout)
            .field("lock_wait", &self.lock_wait)
            .field("answer_timeout", &self.answer_timeout)
            .field("environment", &self.environment.keys())
            .field("system_authorities", &self.system_authorities)
            .finish()
    }
}

impl Default for OpenOptions {
    fn default() -> Self {
        Self {
            lock_timeout: Duration::from_secs(10),
            lock_wait: Duration::from_secs(60),
            answer_timeout: Duration::from_secs(60),
            environment: BTreeMap::new(),
            system_authorities: SystemAuthorities::default(),
        }
    }
}

/// A connection to a PostgreSQL database.
pub struct Postgres {
    pub(crate) connection: PgConnection,
    pub(crate) line: Line,
    /// Whether a COMMIT was sent over it whose answer nobody waits for any more.
    pub(crate) is_abandoned: bool,
    /// The server's number of the process that carries out the upgrade.
    pub(crate) process: i64,
    /// Whom to tell of what the upgrade waits for.
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) connector: Connector,
    /// What ends the session's statements when the upgrade is asked to end.
    pub(crate) canceller: Option<Canceller>,
    /// With what the upgrade can be asked to end.
    pub(crate) stop: Option<CancellationToken>,
    pub(crate) name: String,
    /// The user, as the server knows it.
    pub(crate) user: String,
    /// The schema that holds MLflow's tables.
    pub(crate) schema: String,
    pub(crate) lock_timeout: Duration,
    pub(crate) lock_wait: Duration,
    /// What the session is for, while there is one.
    pub(crate) access: Option<SessionMode>,
    /// The types of columns, by table and column, until a table changes.
    pub(crate) column_types: HashMap<String, HashMap<String, String>>,
    warnings: Vec<String>,
}

impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postgres").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Postgres {
    /// Connects to a database.
    ///
    /// # Errors
    /// If the URL cannot be understood, no server answers, or it refuses the connection.
    pub async fn connect(url: &ServerUrl, options: &OpenOptions) -> Result<Self, Error> {
        let settings = Settings::from_url(url, &options.environment)?;
        if settings.names_an_authority() {
            options.system_authorities.check().map_err(|problem| Error::Tls {
                name: url.shown().to_owned(),
                problem,
                hint: ENVIRONMENT_HINT.to_owned(),
            })?;
        }
        let mut errors = Vec::new();
        for kind in settings.session_kind.rounds() {
            // What a further round meets is what counts.
            errors.clear();
            for endpoint in &settings.endpoints {
                match Self::connect_to(&settings, endpoint, *kind, options).await {
                    Ok(connected) => return Ok(connected),
                    Err(
                        error @ (Error::Unreachable { .. }
                        | Error::Unavailable { .. }
                        | Error::ReadOnly { .. }),
                    ) => errors.push(error),
                    Err(error) => return Err(error),
                }
            }
        }
        Err(none_of(url, errors))
    }

    /// What the URL asks for and does not get.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    async fn connect_to(
        settings: &Settings,
        endpoint: &Endpoint,
        kind: SessionKind,
        options: &OpenOptions,
    ) -> Result<Self, Error> {
        let limit = settings.timeout.unwrap_or(options.answer_timeout);
        let attempt = Attempt::new(settings, endpoint, limit);
        let (connection, meter, connector) = attempt.connect().await?;
        let patience = options.answer_timeout.saturating_add(options.lock_timeout);
        let mut connected = Self {
            connection,
            line: Line::new(meter, patience),
            is_abandoned: false,
            process: 0,
            observer: Arc::new(NoopObserver),
            connector,
            canceller: None,
            stop: None,
            name: attempt.name(),
            user: String::new(),
            schema: String::new(),
            lock_timeout: options.lock_timeout,
            lock_wait: options.lock_wait,
            access: None,
            column_types: HashMap::new(),
            warnings: settings.warnings.clone(),
        };
        match tokio::time::timeout(limit, connected.look_around(kind)).await {
            Ok(done) => done?,
            Err(_) => return Err(attempt.no_answer(limit)),
        }
        Ok(connected)
    }

    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            name: &self.name,
            user: &self.user,
            waited_seconds: self.lock_timeout.as_secs(),
            is_stopped: self.stop.as_ref().is_some_and(CancellationToken::is_requested),
        }
    }

    fn unreachable(&self, problem: String, hint: String) -> Error {
        Error::Unreachable { name: self.name.clone(), problem, hint }
    }

    /// Finds out what kind of server this is, and which schema is meant.
    async fn look_around(&mut self, kind: SessionKind) -> Result<(), Error> {
        const SQL: &str = "SELECT current_setting('server_version_num')::int4, \
             current_setting('server_version'), current_user::text, current_schema()::text, \
             pg_is_in_recovery(), current_setting('search_path'), \
             (SELECT n.nspname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
              WHERE c.oid = to_regclass('experiments')::oid), \
             current_setting('transaction_read_only') = 'on'";
        let action = "looking at the server";
        // A pooler knows nothing of what is prepared outside of a transaction.
        let row = self.line.brief(sqlx::raw_sql(SQL).fetch_one(&mut self.connection)).await;
        let row = row.map_err(|source| self.context().error(action, source))?;
        let failed = |source| self.context().error(action, source);
        let version: i32 = row.try_get(0).map_err(failed)?;
        let shown_version: String = row.try_get(1).map_err(failed)?;
        let user: String = row.try_get(2).map_err(failed)?;
        let schema: Option<String> = row.try_get(3).map_err(failed)?;
        let is_standby: bool = row.try_get(4).map_err(failed)?;
        let is_read_only: bool = row.try_get(7).map_err(failed)?;
        let search_path: String = row.try_get(5).map_err(failed)?;
        let found_in: Option<String> = row.try_get(6).map_err(failed)?;
        self.user = user;
        if u32::try_from(version).is_ok_and(|version| version < OLDEST_VERSION) {
            return Err(Error::ServerLimit {
                name: self.name.clone(),
                problem: format!("this is PostgreSQL {shown_version}; 12 is the oldest supported"),
                hint: "upgrade the server first".to_owned(),
            });
        }
        if let Some(wanted) = kind.lacks(is_standby, is_read_only) {
            let problem = format!("target_session_attrs asks for {wanted}");
            return Err(match kind {
                SessionKind::ReadWrite | SessionKind::Primary => {
                    crate::error::read_only(self.name.clone(), &problem)
                }
                _ => self.unreachable(problem, "write target_session_attrs=any".to_owned()),
            });
        }
        self.schema = self.only_schema(schema, found_in, &search_path)?;
        if self.schema != "public" {
            self.name += &format!(" (schema {})", self.schema);
        }
        Ok(())
    }

    /// The schema that new tables would go to, which has to be the one with MLflow's tables.
    fn only_schema(
        &self,
        current: Option<String>,
        found_in: Option<String>,
        search_path: &str,
    ) -> Result<String, Error> {
        let Some(current) = current else {
            return Err(self.unreachable(
                format!("none of the schemas in the search_path ({search_path}) can be used"),
                "create one, or name another: ?options=-csearch_path%3DSCHEMA".to_owned(),
            ));
        };
        match found_in {
            Some(other) if other != current => Err(self.unreachable(
                format!(
                    "the search_path ({search_path}) begins with {current}, but there is a table \
                     experiments in {other}"
                ),
                format!("name the one that is meant: ?options=-csearch_path%3D{other}"),
            )),
            _ => Ok(current),
        }
    }
}

/// What to say when none of the servers could be used. One that may be there later is worth waiting for.
fn none_of(url: &ServerUrl, mut errors: Vec<Error>) -> Error {
    if errors.len() < 2 {
        return errors.pop().unwrap_or_else(|| Error::Unreachable {
            name: url.shown().to_owned(),
            problem: "the URL names no server".to_owned(),
            hint: "write postgresql://user:password@host:port/database".to_owned(),
        });
    }
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let problem = format!("none of the servers can be used: {}", told.join("; "));
    let name = url.shown().to_owned();
    let unavailable = errors.iter().position(|it| matches!(it, Error::Unavailable { .. }));
    let telling = errors.swap_remove(unavailable.unwrap_or(errors.len() - 1));
    match telling {
        Error::Unavailable { hint, .. } => Error::Unavailable { name, problem, hint },
        Error::ReadOnly { hint, .. } => Error::ReadOnly { name, problem, hint },
        other => Error::Unreachable { name, problem, hint: other.hint().unwrap_or_default() },
    }
}
