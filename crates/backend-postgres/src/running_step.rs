//! Shows other sessions which step an upgrade executes.
//!
//! The work of an upgrade is one transaction, so no other session sees anything of it in tables. The
//! name of the application is visible at once, and ends with the transaction.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::RunningStep;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::database::Postgres;
use crate::render::quote_literal;
use crate::{lock, statement_progress, statements};

/// What separates the application's own name from the step: `mlflow-migrate [3/73] change table runs`.
const BEGIN: &str = " [";

/// How much of the application's own name is kept: the server cuts the whole after 63 bytes.
const OWN_NAME: usize = 20;

/// Announces a step.
pub(crate) async fn announce(
    database: &mut Postgres,
    step: usize,
    step_count: usize,
    title: &str,
) -> Result<(), Error> {
    let announced = quote_literal(&format!("{BEGIN}{step}/{step_count}] {title}"));
    let sql = format!(
        "SELECT pg_catalog.set_config('application_name', pg_catalog.concat(pg_catalog.left( \
         pg_catalog.split_part(pg_catalog.current_setting('application_name'), '{BEGIN}', 1), \
         {OWN_NAME}), {announced}), true)"
    );
    statements::run_soon(database, sql, "announcing a step").await
}

/// Returns the announced step of the session that holds the lock of an upgrade, and its progress.
///
/// The server shows both to the same user, and to members of `pg_read_all_stats`.
pub(crate) async fn read(database: &mut Postgres) -> Result<Option<RunningStep>, Error> {
    let sql = format!(
        "SELECT a.pid, a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid \
         WHERE l.granted AND l.pid <> pg_backend_pid() \
         AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
         AND {} LIMIT 1",
        lock::is_upgrade_lock(database)
    );
    let holders = rows(database, &sql).await?;
    let Some(holder) = holders.first() else { return Ok(None) };
    let name: Option<String> = holder.try_get(1).unwrap_or_default();
    let Some(announced) = name.as_deref().and_then(announced) else { return Ok(None) };
    let process: i32 = holder.try_get(0).unwrap_or_default();
    let amounts = rows(database, &statement_progress::query(process.into())).await?;
    let progress = amounts.first();
    let phase = progress.and_then(statement_progress::phase);
    let amount = progress.and_then(statement_progress::amount);
    Ok(Some(RunningStep { phase, amount, ..announced }))
}

async fn rows(database: &mut Postgres, sql: &str) -> Result<Vec<PgRow>, Error> {
    let found = statements::look(database, sql).await;
    let action = "reading the step of an upgrade";
    found.map_err(|source| database.context().error(action, source))
}

/// Reads a step from the name of an application.
fn announced(name: &str) -> Option<RunningStep> {
    let (_, announced) = name.split_once(BEGIN)?;
    let (numbers, title) = announced.split_once("] ")?;
    let (step, step_count) = numbers.split_once('/')?;
    Some(RunningStep {
        step: Some(step.parse().ok()?),
        step_count: Some(step_count.parse().ok()?),
        title: Some(title.to_owned()),
        ..RunningStep::default()
    })
}

#[cfg(test)]
mod tests {
    use super::announced;

    #[test]
    fn only_an_announced_step_is_read() {
        let step = announced("mlflow-migrate [3/73] change table runs").unwrap();
        assert_eq!((step.step, step.step_count), (Some(3), Some(73)));
        assert_eq!(step.title.as_deref(), Some("change table runs"));
        for other in ["", "mlflow-migrate", "own [x] y", "own [3/] y", "own [3/7]", "own [-1/7] y"]
        {
            assert_eq!(announced(other), None, "{other}");
        }
    }
}
