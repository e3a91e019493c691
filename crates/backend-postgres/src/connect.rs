//! Opens a database.

use std::collections::HashMap;
use std::sync::Arc;

use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Remedy;
use mlflow_migrate_core::event::NoopObserver;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::url::ServerUrl;
use sqlx::Row as _;

use crate::database::Postgres;
use crate::error::read_only;
use crate::login::target::Target;
use crate::login::url::endpoint::Endpoint;
use crate::login::url::session_kind::SessionKind;
use crate::login::url::settings::Settings;
use crate::login::{self, url};
use crate::options::OpenOptions;

/// The oldest supported server: generated columns need PostgreSQL 12.
const OLDEST_VERSION: u32 = 120_000;

const ENVIRONMENT_REMEDY: &str =
    "mlflow-migrate itself starts that way; a program that embeds it has to, or to allow them";

impl Postgres {
    /// Connects to a database.
    ///
    /// # Errors
    /// If the URL is invalid, no server answers, or the server refuses the connection.
    pub async fn connect(url: &ServerUrl, options: &OpenOptions) -> Result<Self, Error> {
        let settings = url::read(url, &options.environment)?;
        if settings.names_an_authority() {
            options.system_authorities.check().map_err(|problem| Error::Tls {
                name: url.shown().to_owned(),
                problem,
                remedy: ENVIRONMENT_REMEDY.into(),
            })?;
        }
        let mut errors = Vec::new();
        for kind in settings.session_kind.rounds() {
            // Only the errors of the last round are reported.
            errors.clear();
            for endpoint in &settings.endpoints {
                match connect_to(&settings, endpoint, *kind, options).await {
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
}

async fn connect_to(
    settings: &Settings,
    endpoint: &Endpoint,
    kind: SessionKind,
    options: &OpenOptions,
) -> Result<Postgres, Error> {
    let limit = settings.timeout.unwrap_or(options.answer_timeout);
    let target = Target::new(settings, endpoint, limit);
    let opened = match options.create {
        true => login::creation::open_or_create(&target).await,
        false => login::open(&target).await.map(|connected| (connected, false)),
    };
    let ((connection, meter, connector), is_new) = opened.map_err(|failure| failure.error)?;
    let mut warnings = settings.warnings.clone();
    if is_new {
        warnings.push(format!("created the database {}: it did not exist", target.database));
    }
    let patience = options.answer_timeout.saturating_add(options.lock_timeout);
    let mut connected = Postgres {
        connection,
        line: Line::new(meter, patience),
        is_abandoned: false,
        process: 0,
        watch: None,
        observer: Arc::new(NoopObserver),
        connector,
        canceller: None,
        stop: None,
        name: target.name(),
        user: String::new(),
        schema: String::new(),
        lock_timeout: options.lock_timeout,
        lock_wait: options.lock_wait,
        access: None,
        graph: GraphName::Tracking,
        column_types: HashMap::new(),
        warnings,
    };
    match tokio::time::timeout(limit, identify_server(&mut connected, kind)).await {
        Ok(done) => done?,
        Err(_) => return Err(target.no_answer(limit)),
    }
    Ok(connected)
}

fn unreachable(database: &Postgres, problem: String, remedy: String) -> Error {
    Error::Unreachable { name: database.name.clone(), problem, remedy: Remedy::Words(remedy) }
}

/// Reads the server's version and role, and the schema to upgrade.
///
/// The session still has the `search_path` that shows this schema. Every name is qualified, because
/// other schemas may come before the server's own.
async fn identify_server(database: &mut Postgres, kind: SessionKind) -> Result<(), Error> {
    const SQL: &str = "SELECT \
         pg_catalog.current_setting('server_version_num')::pg_catalog.int4, \
         pg_catalog.current_setting('server_version'), current_user::pg_catalog.text, \
         pg_catalog.current_schema()::pg_catalog.text, pg_catalog.pg_is_in_recovery(), \
         pg_catalog.current_setting('search_path'), (SELECT n.nspname::pg_catalog.text \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid OPERATOR(pg_catalog.=) c.relnamespace WHERE c.oid OPERATOR(pg_catalog.=) \
             pg_catalog.to_regclass('experiments')::pg_catalog.oid), \
         pg_catalog.current_setting('transaction_read_only') OPERATOR(pg_catalog.=) 'on'";
    let action = "looking at the server";
    // A pooler does not know statements that are prepared outside a transaction.
    let row = database.line.brief(sqlx::raw_sql(SQL).fetch_one(&mut database.connection)).await;
    let row = row.map_err(|source| database.context().error(action, source))?;
    let failed = |source| database.context().error(action, source);
    let version: i32 = row.try_get(0).map_err(failed)?;
    let shown_version: String = row.try_get(1).map_err(failed)?;
    let user: String = row.try_get(2).map_err(failed)?;
    let schema: Option<String> = row.try_get(3).map_err(failed)?;
    let is_standby: bool = row.try_get(4).map_err(failed)?;
    let is_read_only: bool = row.try_get(7).map_err(failed)?;
    let search_path: String = row.try_get(5).map_err(failed)?;
    let found_in: Option<String> = row.try_get(6).map_err(failed)?;
    database.user = user;
    if u32::try_from(version).is_ok_and(|version| version < OLDEST_VERSION) {
        return Err(Error::ServerLimit {
            name: database.name.clone(),
            problem: format!("this is PostgreSQL {shown_version}; 12 is the oldest supported"),
            remedy: "upgrade the server first".into(),
        });
    }
    if let Some(wanted) = kind.lacks(is_standby, is_read_only) {
        let problem = format!("target_session_attrs asks for {wanted}");
        return Err(match kind {
            SessionKind::ReadWrite | SessionKind::Primary => {
                read_only(database.name.clone(), &problem)
            }
            _ => unreachable(database, problem, "write target_session_attrs=any".to_owned()),
        });
    }
    database.schema = only_schema(database, schema, found_in, &search_path)?;
    if database.schema != "public" {
        database.name += &format!(" (schema {})", database.schema);
    }
    Ok(())
}

/// Returns the schema that receives new tables, which must be the one with MLflow's tables.
fn only_schema(
    database: &Postgres,
    current: Option<String>,
    found_in: Option<String>,
    search_path: &str,
) -> Result<String, Error> {
    let Some(current) = current else {
        return Err(unreachable(
            database,
            format!("none of the schemas in the search_path ({search_path}) can be used"),
            "create one, or name another: ?options=-csearch_path%3DSCHEMA".to_owned(),
        ));
    };
    match found_in {
        Some(other) if other != current => Err(unreachable(
            database,
            format!(
                "the search_path ({search_path}) begins with {current}, but there is a table \
                 experiments in {other}"
            ),
            format!("name the schema in the URL: ?options=-csearch_path%3D{other}"),
        )),
        _ => Ok(current),
    }
}

/// Builds the error for a URL none of whose servers can be used.
///
/// If one of the servers is only unavailable, the error is [`Error::Unavailable`], so a retry may
/// help.
fn none_of(url: &ServerUrl, mut errors: Vec<Error>) -> Error {
    if errors.len() < 2 {
        return errors.pop().unwrap_or_else(|| Error::Unreachable {
            name: url.shown().to_owned(),
            problem: "the URL names no server".to_owned(),
            remedy: "write postgresql://user:password@host:port/database".into(),
        });
    }
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let problem = format!("none of the servers can be used: {}", told.join("; "));
    let name = url.shown().to_owned();
    let unavailable = errors.iter().position(|it| matches!(it, Error::Unavailable { .. }));
    let telling = errors.swap_remove(unavailable.unwrap_or(errors.len() - 1));
    match telling {
        Error::Unavailable { remedy, .. } => Error::Unavailable { name, problem, remedy },
        Error::ReadOnly { remedy, .. } => Error::ReadOnly { name, problem, remedy },
        other => {
            let remedy = other.remedy().cloned();
            let remedy = remedy
                .unwrap_or_else(|| "check the hosts, the user and the password in the URL".into());
            Error::Unreachable { name, problem, remedy }
        }
    }
}
