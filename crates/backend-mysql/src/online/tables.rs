//! Creates, changes and drops tables while other programs use them.
//!
//! A foreign key of a new table needs the table that it references for a moment. The server waits
//! for the transactions that have used this table, and new statements wait behind it (MySQL manual,
//! "Metadata Locking").

use mlflow_migrate_backend_server::short_waits::ShortWaits;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::TableChange;
use std::time::Duration;

use crate::change;
use crate::database::Mysql;

/// What is done at once.
#[derive(Clone, Copy)]
enum Change<'a> {
    Apply(&'a TableChange),
    Drop(&'a str),
}

/// Creates a table, or changes one without touching its rows.
pub(crate) async fn change_briefly(
    database: &mut Mysql,
    change: &TableChange,
    progress: &Progress,
) -> Result<(), Error> {
    run(database, Change::Apply(change), progress).await
}

/// Drops a table.
pub(crate) async fn drop_table(
    database: &mut Mysql,
    table: &str,
    progress: &Progress,
) -> Result<(), Error> {
    run(database, Change::Drop(table), progress).await
}

async fn run(database: &mut Mysql, change: Change<'_>, progress: &Progress) -> Result<(), Error> {
    let limit = database.context.lock_seconds;
    let mut waits = ShortWaits::within(Duration::from_secs(limit));
    // MySQL waits for a second at least (manual, "lock_wait_timeout").
    if database.features.is_mariadb() {
        waits = waits.without_waiting();
    }
    wait_for(database, waits.attempt().as_secs()).await?;
    let done = attempts(database, change, &waits, progress).await;
    let reset = wait_for(database, limit).await;
    match done {
        Err(Error::Locked { name, holders, .. }) => {
            Err(Error::Locked { name, waited_seconds: limit, holders })
        }
        done => done.and(reset),
    }
}

async fn attempts(
    database: &mut Mysql,
    change: Change<'_>,
    waits: &ShortWaits,
    progress: &Progress,
) -> Result<(), Error> {
    loop {
        progress.check()?;
        let made = match change {
            Change::Apply(change) => change::apply(database, change, progress).await.map(|_| ()),
            Change::Drop(table) => change::drop_tables(database, &[table.to_owned()]).await,
        };
        match made {
            Err(Error::Locked { .. }) if waits.is_another_due().await => {}
            made => return made,
        }
    }
}

/// Sets for how long the next statements wait for a table.
async fn wait_for(database: &mut Mysql, seconds: u64) -> Result<(), Error> {
    let sql = format!("SET SESSION lock_wait_timeout = {seconds}");
    database.run_soon("changing a table online", &sql).await
}
