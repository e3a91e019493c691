//! Connects to a server.

use std::sync::Arc;

use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::rows::Rows;
use mlflow_migrate_core::url::ServerUrl;

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::Context;
use crate::features::Features;
use crate::login::{self, Connector, Failure, Target};
use crate::options::OpenOptions;
use crate::table_facts::TableFacts;
use crate::text_protocol;
use crate::watched::Watched;

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
            checked.map_err(|problem| {
                login::encryption_error(&context, problem, login::ENVIRONMENT_REMEDY)
            })?;
        }
        let patience = options.answer_timeout.saturating_add(options.lock_timeout);
        let ((driver, meter), is_new) = match options.create {
            true => login::open_or_create(&target, &context, patience).await?,
            false => (login::open(&target, &context).await?, false),
        };
        let mut warnings = target.warnings;
        if is_new {
            warnings.push(format!("created the database {}: it did not exist", target.database));
        }
        let mut connection = Connection { driver, line: Line::new(meter, patience) };
        let looked = identify_server(&mut connection, &context);
        let (features, cluster) = match tokio::time::timeout(target.connect_timeout, looked).await {
            Ok(found) => found?,
            Err(_) => {
                let source = sqlx::Error::Io(login::no_answer(target.connect_timeout));
                return Err(login::explain(&target.options, &context, Failure::Other(source)));
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
            table_facts: TableFacts::default(),
            platform: features.platform(),
            features,
            lock_wait: options.lock_wait,
            lock: None,
            cluster,
            claim: None,
            lease: None,
            observer: None,
            watched: Watched::default(),
            watch: None,
            in_transaction: false,
            warnings,
        })
    }
}

const READ_COMMITTED: &str = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";

/// Opens a worker connection for each job, or as many as the server allows.
///
/// Empty with a single job. The workers use READ COMMITTED. Under REPEATABLE READ, InnoDB also
/// locks the row after a range (MySQL before 8.0, and MariaDB). That row is the first one of the
/// next range, so the worker of the next range would have to wait. A server that logs changes as
/// statements refuses READ COMMITTED, so it gets no workers.
pub(crate) async fn open_workers(
    database: &mut Mysql,
    progress: &Progress,
) -> Result<Vec<Box<dyn Rows>>, Error> {
    let context = database.context.clone();
    let failed = |source| context.error("opening worker connections", source);
    let logs_statements = login::logs_statements(&mut database.connection).await;
    let logs_statements = logs_statements.map_err(failed)?;
    let mut further: Vec<Box<dyn Rows>> = Vec::new();
    if database.jobs <= 1 || logs_statements {
        return Ok(further);
    }
    for mut connection in database.connector.open_several(database.jobs, progress).await? {
        text_protocol::run_soon(&mut connection, READ_COMMITTED).await.map_err(failed)?;
        further.push(Box::new(worker(database, connection)));
    }
    Ok(further)
}

/// Opens a further connection for short transactions beside those of other programs.
///
/// It waits for a locked row no longer than it has to: a second is the least that the server takes.
/// READ COMMITTED locks no gaps, where the server allows it.
pub(crate) async fn open_online(database: &mut Mysql) -> Result<Mysql, Error> {
    const WAIT: &str = "SET SESSION innodb_lock_wait_timeout = 1";
    let context = database.context.clone();
    let failed = |source| context.error("opening a further connection", source);
    let logs_statements = login::logs_statements(&mut database.connection).await;
    let logs_statements = logs_statements.map_err(failed)?;
    let mut connection = database.connector.open().await?;
    text_protocol::run_soon(&mut connection, WAIT).await.map_err(failed)?;
    if !logs_statements {
        text_protocol::run_soon(&mut connection, READ_COMMITTED).await.map_err(failed)?;
    }
    Ok(worker(database, connection))
}

/// Returns a database that works over another connection.
fn worker(database: &Mysql, connection: Connection) -> Mysql {
    Mysql {
        connection,
        context: database.context.clone(),
        connector: database.connector.clone(),
        // A statement on one range is short, so none needs to be cancelled.
        canceller: None,
        jobs: 1,
        swap_from_rows: database.swap_from_rows,
        range_rows: database.range_rows,
        schema_bytes: 0,
        table_facts: TableFacts::default(),
        platform: database.platform.clone(),
        features: database.features.clone(),
        lock_wait: database.lock_wait,
        lock: None,
        cluster: database.cluster.clone(),
        claim: None,
        lease: database.lease.clone(),
        observer: None,
        watched: Watched::default(),
        watch: None,
        in_transaction: false,
        warnings: Vec::new(),
    }
}

/// Reads the server's version and its cluster, and prepares the session's settings.
async fn identify_server(
    connection: &mut Connection,
    context: &Context,
) -> Result<(Features, Cluster), Error> {
    let action = "reading the server's version";
    let version = text_protocol::value(connection, "SELECT VERSION()").await;
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
    login::prepare(connection, context).await?;
    Ok((features, cluster))
}

/// Names the user's database in an error about a version that is too old.
fn named(error: Error, name: &str) -> Error {
    match error {
        Error::ServerLimit { problem, remedy, .. } => {
            Error::ServerLimit { name: name.to_owned(), problem, remedy }
        }
        error => error,
    }
}
