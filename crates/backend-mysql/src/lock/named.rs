//! The upgrade's named lock.

use std::time::Instant;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::event::{Event, Wait, WaitReason};
use mlflow_migrate_core::upgrade::began_ms;

use super::holders::processes;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::server_error;
use crate::quoting::literal;
use crate::{journal, text_protocol};

/// The longest lock name that MySQL 5.7 accepts, in characters.
const MAX_NAME: usize = 64;

/// Acquires the lock, or fails with the connections that hold it.
pub(crate) async fn take(database: &mut Mysql) -> Result<(), Error> {
    let action = "taking the lock of an upgrade";
    let (waited_seconds, began) = (database.lock_wait.as_secs(), Instant::now());
    let work = async {
        let name = lock_name(&mut database.connection).await?;
        let at_once = format!("SELECT GET_LOCK({}, 0)", literal(&name));
        let got = text_protocol::value(&mut database.connection, at_once).await?;
        if got.as_deref() == Some("1") {
            return Ok((name, None));
        }
        tell_of_wait(database, &name).await;
        let sql = format!("SELECT GET_LOCK({}, {waited_seconds})", literal(&name));
        let got =
            text_protocol::value_after(&mut database.connection, database.lock_wait, sql).await?;
        if got.as_deref() == Some("1") {
            if let Some(observer) = &database.observer {
                let waited_seconds = began.elapsed().as_secs_f64();
                observer.notify(&Event::WaitOver { waited_seconds });
            }
            return Ok((name, None));
        }
        let condition = format!("ID = IS_USED_LOCK({})", literal(&name));
        // The server may fail to convert the text of another session's statement.
        let holders =
            processes(&mut database.connection, &condition).await.or_else(none_if_unreadable)?;
        Ok((name, Some(holders)))
    };
    let taken: Result<_, sqlx::Error> = work.await;
    // Percona XtraDB Cluster may refuse a lock of one node. The row is claimed all the same.
    if database.cluster.has_other_writers() && taken.as_ref().err().and_then(server_error).is_some()
    {
        return Ok(());
    }
    match taken.map_err(|source| database.context.error(action, source))? {
        (name, None) => database.lock = Some(name),
        (_, Some(holders)) => {
            let name = database.context.name.clone();
            return Err(Error::Locked { name, waited_seconds, holders });
        }
    }
    Ok(())
}

/// Reports which other upgrade holds the lock, and when that upgrade began.
async fn tell_of_wait(database: &mut Mysql, name: &str) {
    let Some(observer) = database.observer.clone() else { return };
    let condition = format!("ID = IS_USED_LOCK({})", literal(name));
    // Who holds the lock, and since when, is worth no error.
    let holders = processes(&mut database.connection, &condition).await.unwrap_or_default();
    let journal = journal::read(&mut database.connection, &database.context).await;
    let began_ms = journal.ok().flatten().and_then(|(note, _)| began_ms(&note));
    observer.notify(&Event::Waiting(Wait {
        reason: WaitReason::Upgrade,
        holders,
        began_ms,
        waited_seconds: 0,
        limit_seconds: Some(database.lock_wait.as_secs()),
    }));
}

/// Releases the lock, if the session holds it.
pub(crate) async fn release(database: &mut Mysql) -> Result<(), Error> {
    match database.lock.take() {
        Some(name) => {
            let sql = format!("DO RELEASE_LOCK({})", literal(&name));
            database.run_soon("releasing the lock of an upgrade", &sql).await
        }
        None => Ok(()),
    }
}

/// Returns no holders where the server refuses the query, or its text cannot be read.
fn none_if_unreadable(error: sqlx::Error) -> Result<Vec<String>, sqlx::Error> {
    match error {
        sqlx::Error::Database(_) | sqlx::Error::Decode(_) => Ok(Vec::new()),
        error => Err(error),
    }
}

/// Returns the name of the lock, which names the database: a server's locks share one name space.
pub(crate) async fn lock_name(connection: &mut Connection) -> Result<String, sqlx::Error> {
    let database = text_protocol::value(connection, "SELECT DATABASE()").await?.unwrap_or_default();
    let readable = format!("mlflow_migrate.{database}");
    let is_short = readable.chars().count() <= MAX_NAME;
    Ok(if is_short { readable } else { format!("mlflow_migrate.#{:016x}", fnv_1a(&database)) })
}

/// Hashes a text to the same value in every release, on every machine and on every server.
///
/// No server has all of MD5, SHA1 and SHA2.
fn fnv_1a(text: &str) -> u64 {
    let step = |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::fnv_1a;

    #[test]
    fn the_hash_is_the_standard_one() {
        assert_eq!(fnv_1a("foobar"), 0x85944171f73967e8);
    }
}
