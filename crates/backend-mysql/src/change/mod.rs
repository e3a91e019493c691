//! Makes changes of tables, and describes them.

mod alter;
mod describe;
mod locks;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::plan::TableChange;

use crate::database::Mysql;
use crate::error::is_refused_rows;
use crate::lock::naming_holders;
use crate::quoting::quote;
use crate::render::refuse_raw_texts;
use crate::{exchange, preflight, swap};

pub(crate) use describe::{describe, describe_exchange, scripted};

/// Makes one change, and returns the number of rows copied, if known.
pub(crate) async fn apply(
    database: &mut Mysql,
    change: &TableChange,
    progress: &Progress,
) -> Result<Option<u64>, Error> {
    match make(database, change, progress).await {
        // A row was written after the preflight: report which constraint it violates, and the row
        // count.
        Err(error) if is_refused_rows(&error) => {
            preflight::rows(database, change).await?;
            Err(error)
        }
        done => naming_holders(database, done).await,
    }
}

async fn make(
    database: &mut Mysql,
    change: &TableChange,
    progress: &Progress,
) -> Result<Option<u64>, Error> {
    refuse_raw_texts(change)?;
    if change.before.is_some() {
        swap::measure_table(database, &change.after.name).await?;
    }
    let features = database.features.clone();
    if let Some(exchange) = exchange::of(database, change, &features) {
        exchange::restore(database).await?;
        alter(database, &exchange.change_in_place(), progress).await?;
        if let Some(rows) = exchange::exchange(database, &exchange, progress).await? {
            return Ok(Some(rows));
        }
        return alter(database, &exchange.remaining(), progress).await;
    }
    if let Some(before) = change.before.as_ref().filter(|_| swap::is_swapped(database, change)) {
        match swap::swap(database, change, before, progress).await {
            Ok(Some(rows)) => return Ok(Some(rows)),
            // Not even one row fits into a transaction. The server's own copy is no transaction.
            Ok(None) | Err(Error::TooLarge { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    if database.table_facts.is_begun(&change.after.name) {
        swap::drop_new_table(database, &change.after.name).await?;
    }
    alter(database, change, progress).await
}

/// Lets the server change a table.
async fn alter(
    database: &mut Mysql,
    change: &TableChange,
    progress: &Progress,
) -> Result<Option<u64>, Error> {
    if change.before.is_some() {
        database.watched.reports_to(Some(progress.clone()));
    }
    let (connection, canceller) = (&mut database.connection, database.canceller.as_ref());
    let changed =
        alter::change(connection, canceller, change, &database.features, &database.context).await;
    database.watched.reports_to(None);
    changed.map(|()| None)
}

/// Drops tables that are no longer needed.
pub(crate) async fn drop_tables(database: &mut Mysql, leftovers: &[String]) -> Result<(), Error> {
    for table in leftovers {
        let action = format!("removing {table}");
        let removed = database.run(&action, &format!("DROP TABLE {}", quote(table))).await;
        naming_holders(database, removed).await?;
    }
    Ok(())
}
