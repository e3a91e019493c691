//! Changes a large table by filling a new one, and swapping the two with one `RENAME TABLE`.
//!
//! Where the server would copy a table, it writes each row into every index. A new table is filled
//! in the order of its key, over several connections, and gets its other indexes only then. The
//! fill takes a fraction of the time. Rows that are copied stay copied if the upgrade is
//! interrupted. The old table is kept until the upgrade is verified.
//!
//! Meanwhile no session may write to the table: a separate connection holds `LOCK TABLES … READ`
//! until the `RENAME TABLE` waits for its lock. Newer servers grant the lock to the rename before
//! any writer. A row count finds the rows that older servers let through, and they are copied as
//! well.

mod copy;
mod definition;
mod eligibility;
mod statements;

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::Context;
use crate::quoting::{literal, quote};
use crate::ranged::notes;
use crate::swap_tables::{self, NEW, OLD};
use crate::text_protocol;

pub(crate) use copy::{drop_foreign_keys, swap};
pub(crate) use eligibility::{is_swapped, measure_table, measure_tables, read_table_facts};
pub(crate) use statements::Swap;

/// Returns the old tables that are kept, by the names of the tables that replaced them.
pub(crate) async fn retained_tables(
    connection: &mut Connection,
    context: &Context,
) -> Result<BTreeMap<String, String>, Error> {
    let own = swap_tables::list(connection, context).await?;
    let kept = own.into_iter().filter_map(|kept| {
        let table = kept.strip_prefix(OLD)?.to_owned();
        Some((table, kept))
    });
    Ok(kept.collect())
}

/// Repairs what a swap has left that was interrupted around its rename.
///
/// Before MySQL 8.0 and MariaDB 10.6, a server that crashes can have made one of the two renames.
/// The rows may not have been counted yet, and the foreign keys may still belong to the old table.
pub(crate) async fn resume(database: &mut Mysql) -> Result<(), Error> {
    let own = swap_tables::list(&mut database.connection, &database.context).await?;
    for old in own.iter().filter(|name| name.starts_with(OLD)) {
        let table = old.strip_prefix(OLD).unwrap_or_default();
        if !exists(database, table).await? {
            let new = quote(&format!("{NEW}{table}"));
            let rename = format!("RENAME TABLE {new} TO {}", quote(table));
            database.run("finishing a swap", &rename).await?;
        }
        copy::complete(database, table).await?;
        copy::drop_foreign_keys(database, old).await?;
    }
    Ok(())
}

async fn exists(database: &mut Mysql, table: &str) -> Result<bool, Error> {
    let sql = format!(
        "SELECT 1 FROM information_schema.TABLES \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        literal(table)
    );
    let found = text_protocol::value(&mut database.connection, sql).await;
    let found = found.map_err(|source| database.context.error("looking for a table", source))?;
    Ok(found.is_some())
}

/// Drops the new table of a swap that is not resumed: the names of its CHECKs would be taken.
pub(crate) async fn drop_new_table(database: &mut Mysql, table: &str) -> Result<(), Error> {
    let sql = format!("DROP TABLE IF EXISTS {}", quote(&format!("{NEW}{table}")));
    database.run(&format!("change table {table}"), &sql).await?;
    notes::clear(&mut database.connection, &database.context).await
}

/// Drops what swaps have left: old tables, and unfinished new ones.
pub(crate) async fn discard(database: &mut Mysql) -> Result<(), Error> {
    for table in swap_tables::list(&mut database.connection, &database.context).await? {
        let action = format!("removing {table}");
        database.run(&action, &format!("DROP TABLE IF EXISTS {}", quote(&table))).await?;
    }
    Ok(())
}
