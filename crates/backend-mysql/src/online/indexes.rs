//! Builds and drops indexes while other programs use their tables.
//!
//! `LOCK=NONE` makes the server refuse what would keep writers out (MySQL manual, "InnoDB and Online
//! DDL"). Only at its beginning and its end a change waits for open transactions that have used the
//! table, and new ones wait behind it, for `lock_wait_timeout` at most.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::schema::Index;

use crate::database::Mysql;
use crate::lock::naming_holders;
use crate::quoting::quote;
use crate::render::index_clause;
use crate::{cancel, text_protocol};

/// Builds an index. After an error, the server has left nothing of it.
pub(crate) async fn create_index(
    database: &mut Mysql,
    table: &str,
    index: &Index,
    progress: &Progress,
) -> Result<(), Error> {
    let action = format!("building {} of {table}", index.name);
    change(database, table, &format!("ADD {}", index_clause(index)), &action, progress).await
}

/// Drops an index.
pub(crate) async fn drop_index(
    database: &mut Mysql,
    table: &str,
    index: &str,
    progress: &Progress,
) -> Result<(), Error> {
    let action = format!("dropping {index} of {table}");
    change(database, table, &format!("DROP INDEX {}", quote(index)), &action, progress).await
}

async fn change(
    database: &mut Mysql,
    table: &str,
    clause: &str,
    action: &str,
    progress: &Progress,
) -> Result<(), Error> {
    let sql = format!("ALTER TABLE {} {clause}, ALGORITHM=INPLACE, LOCK=NONE", quote(table));
    database.watched.reports_to(Some(progress.clone()));
    let done = text_protocol::run_alone(&mut database.connection, sql);
    let done = cancel::run(database.canceller.as_ref(), action, &database.context, done).await;
    database.watched.reports_to(None);
    naming_holders(database, done.map(drop)).await
}
