//! Builds and drops indexes while other programs use their tables.
//!
//! `CREATE INDEX CONCURRENTLY` runs in no transaction (PostgreSQL manual, "Building Indexes
//! Concurrently"), so it goes over a connection of its own. The session keeps its transaction, which
//! holds the lock of an upgrade, and no snapshot that the server would wait for. The further
//! connection is left as it was: a pooler may give it to another client.

use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::schema::Index;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tokio::time::sleep;

use crate::database::Postgres;
use crate::render::{create_index_in, quote_identifier, quote_literal};
use crate::second_session::SecondSession;
use crate::{session, statement_progress, statements};

/// The time between two looks at the server, and between two requests to cancel.
const LOOK: Duration = Duration::from_millis(500);

/// Builds an index.
///
/// After an error the server may have left an index that it does not use. To drop it would wait for
/// the same transactions, so this is left to the next preparation, its undoing, or the upgrade.
pub(crate) async fn create_index(
    database: &mut Postgres,
    table: &str,
    index: &Index,
    progress: &Progress,
) -> Result<(), Error> {
    let sql = create_index_in(index, &qualified(database, table), "CONCURRENTLY ");
    let action = format!("building {} of {table}", index.name);
    run(database, &sql, &action, progress).await
}

/// Drops an index.
pub(crate) async fn drop_index(
    database: &mut Postgres,
    table: &str,
    index: &str,
    progress: &Progress,
) -> Result<(), Error> {
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {}", qualified(database, index));
    run(database, &sql, &format!("dropping {index} of {table}"), progress).await
}

/// Returns the partitioned tables: the server does not index these online.
pub(crate) async fn partitioned(
    database: &mut Postgres,
    tables: &[String],
) -> Result<Vec<(String, String)>, Error> {
    const SQL: &str = "SELECT c.relname::text FROM pg_class c \
        JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relkind <> 'r'";
    let action = "looking for partitioned tables";
    let rows = statements::catalog(database, SQL, action).await?;
    let names: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
    let names = names.map_err(|source| database.context().error(action, source))?;
    let reason = "the server indexes no partitioned table online".to_owned();
    Ok(names
        .into_iter()
        .filter(|name| tables.contains(name))
        .map(|name| (name, reason.clone()))
        .collect())
}

fn qualified(database: &Postgres, name: &str) -> String {
    format!("{}.{}", quote_identifier(&database.schema), quote_identifier(name))
}

/// Runs one statement over a connection of its own, until it is done or the user stops it.
async fn run(
    database: &mut Postgres,
    sql: &str,
    action: &str,
    progress: &Progress,
) -> Result<(), Error> {
    session::end_reading(database).await?;
    let stop = database.stop.clone();
    let failed = |database: &Postgres, source| database.context().error(action, source);
    // MLflow needs the other processors.
    let opened = database.connector.open_without_workers().await;
    let (mut connection, _) = opened.map_err(|source| failed(database, source))?;
    tracing::debug!(sql, "statement");
    let mut beside = Beside { session: SecondSession::new(database.connector.clone()), sql };
    let ran = {
        let done = execute(&mut connection, sql);
        let watching = beside.watch(progress, stop);
        tokio::select! {
            done = done => done,
            never = watching => match never {},
        }
    };
    beside.session.end().await;
    // The server also ends a session that does not say goodbye.
    let _ = connection.close().await;
    ran.map_err(|source| failed(database, source))
}

async fn execute(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

/// What looks at the statement over one more connection.
///
/// It finds the statement by its text: behind a pooler, a connection has no process of its own.
struct Beside<'a> {
    session: SecondSession,
    sql: &'a str,
}

impl Beside<'_> {
    /// Reports progress, and cancels the statement once the user has stopped the work.
    async fn watch(
        &mut self,
        progress: &Progress,
        stop: Option<CancellationToken>,
    ) -> std::convert::Infallible {
        let is_this = format!(
            "a.datname OPERATOR(pg_catalog.=) pg_catalog.current_database() \
             AND a.state OPERATOR(pg_catalog.=) 'active' \
             AND a.query OPERATOR(pg_catalog.=) {}",
            quote_literal(self.sql)
        );
        let cancel = format!(
            "SELECT pg_catalog.pg_cancel_backend(a.pid) FROM pg_catalog.pg_stat_activity a \
             WHERE {is_this}"
        );
        let process =
            format!("SELECT a.pid::int8 FROM pg_catalog.pg_stat_activity a WHERE {is_this}");
        let mut has_waited = false;
        loop {
            sleep(LOOK).await;
            if stop.as_ref().is_some_and(CancellationToken::is_requested) {
                // If the request fails, the statement continues, and the next round requests again.
                let _ = self.session.ask(&cancel).await;
                continue;
            }
            let rows = self.session.ask(&process).await.unwrap_or_default();
            let Some(process) = rows.first().and_then(|row| row.try_get::<i64, _>(0).ok()) else {
                continue;
            };
            let rows = self.session.ask(&statement_progress::query(process)).await;
            let rows = rows.unwrap_or_default();
            let Some(row) = rows.first() else { continue };
            let phase = statement_progress::phase(row).unwrap_or_default();
            if phase.starts_with("waiting for") && !std::mem::replace(&mut has_waited, true) {
                progress.notice(format!("the server is {phase}: older transactions have to end"));
            }
            if let Some(amount) = statement_progress::amount(row) {
                progress.report_amount(amount);
            }
        }
    }
}
