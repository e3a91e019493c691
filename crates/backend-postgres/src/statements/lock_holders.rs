//! Finds the sessions that hold the locks which other sessions wait for.

use mlflow_migrate_core::Error;
use sqlx::Row as _;

use super::rollback::rollback;
use crate::database::Postgres;
use crate::render::quote_literal;

/// Returns the sessions that hold locks on tables of the schema, the oldest transaction first.
///
/// Rolls the failed transaction back, which releases this session's own locks.
pub(crate) async fn of_tables(database: &mut Postgres) -> Vec<String> {
    let condition = format!("l.locktype = 'relation' AND {}", is_on_own_table(database));
    of(database, &condition).await
}

/// Rolls back, and returns the sessions that hold a lock which meets a condition.
///
/// Returns none if the server does not answer the query.
pub(crate) async fn of(database: &mut Postgres, condition: &str) -> Vec<String> {
    if rollback(database).await.is_err() {
        return Vec::new();
    }
    sessions_with(database, condition).await.unwrap_or_default()
}

/// Returns other sessions that hold a lock which meets a condition.
pub(crate) async fn sessions_with(
    database: &mut Postgres,
    condition: &str,
) -> Result<Vec<String>, Error> {
    let numbered = numbered_sessions_with(database, condition).await?;
    Ok(numbered.into_iter().map(|(_, session)| session).collect())
}

/// Returns other sessions that hold a lock which meets a condition, with their process numbers.
pub(crate) async fn numbered_sessions_with(
    database: &mut Postgres,
    condition: &str,
) -> Result<Vec<(i32, String)>, Error> {
    let sql = format!(
        "SELECT a.pid, a.usename::text, a.application_name, a.state, \
         extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start))::int8, \
         string_agg(DISTINCT coalesce(c.relname || ' (' || l.mode || ')', \
         'the lock of another upgrade'), ', '), \
         pg_blocking_pids(a.pid)::text \
         FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation \
         JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.granted AND l.pid <> pg_backend_pid() \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND {condition} \
         GROUP BY a.pid, a.usename, a.application_name, a.state, a.xact_start, a.query_start \
         ORDER BY a.xact_start NULLS LAST LIMIT 5"
    );
    let rows = super::look(database, &sql).await;
    let told = rows.and_then(|rows| rows.iter().map(describe_holder).collect());
    told.map_err(|source| database.context().error("looking for other sessions", source))
}

/// Returns the condition that a lock is on a table of the schema.
pub(crate) fn is_on_own_table(database: &Postgres) -> String {
    format!(
        "c.relkind IN ('r', 'p') \
         AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {})",
        quote_literal(&database.schema)
    )
}

fn describe_holder(row: &sqlx::postgres::PgRow) -> sqlx::Result<(i32, String)> {
    let pid: i32 = row.try_get(0)?;
    let mut text = format!("process {pid}");
    let user: Option<String> = row.try_get(1)?;
    let application: Option<String> = row.try_get(2)?;
    let known = [user.map(|it| format!("user {it}")), application]
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty());
    let known: Vec<String> = known.collect();
    if !known.is_empty() {
        text += &format!(" ({})", known.join(", "));
    }
    if let (Some(state), Some(age)) =
        (row.try_get::<Option<String>, _>(3)?, row.try_get::<Option<i64>, _>(4)?)
    {
        text += &format!(", {state} for {age} s");
    }
    text += &format!(": {}", row.try_get::<String, _>(5)?);
    let blocked_by: Option<String> = row.try_get(6)?;
    if let Some(pids) = blocked_by.filter(|pids| pids != "{}") {
        text += &format!(", itself waiting for {}", pids.trim_matches(['{', '}']));
    }
    Ok((pid, text))
}
