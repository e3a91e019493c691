//! Finds servers that cannot be written.

use mlflow_migrate_core::Error;
use sqlx::Row as _;

use crate::database::Postgres;
use crate::error::read_only;
use crate::statements;

const STANDBY: &str = "the server is a standby";
const READ_ONLY: &str = "its transactions are read-only";

/// Refuses an upgrade's session on a standby, or in a read-only transaction.
pub(crate) async fn refuse(database: &mut Postgres) -> Result<(), Error> {
    const SQL: &str = "SELECT pg_is_in_recovery(), \
        current_setting('transaction_read_only') = 'on'";
    let action = "looking at the server";
    let row = sqlx::query(SQL).fetch_one(&mut database.connection);
    let row = match database.line.brief(row).await {
        Ok(row) => row,
        Err(source) => return Err(statements::failed(database, action, source).await),
    };
    let flag = |at: usize| {
        row.try_get::<bool, _>(at).map_err(|source| database.context().error(action, source))
    };
    if flag(0)? {
        return Err(read_only(database.name.clone(), STANDBY));
    }
    if flag(1)? {
        return Err(read_only(database.name.clone(), READ_ONLY));
    }
    Ok(())
}

/// Returns the error that an upgrade would meet at its start, for a session that only reads.
pub(crate) async fn unwritable(database: &mut Postgres) -> Result<Option<Error>, Error> {
    const SQL: &str = "SELECT pg_is_in_recovery()::int::int8, \
        (current_setting('default_transaction_read_only') = 'on')::int::int8";
    let flags = statements::numbers(database, SQL.to_owned(), "looking at the server").await?;
    let problem = match flags[..] {
        [1, _] => STANDBY,
        [_, 1] => READ_ONLY,
        _ => return Ok(None),
    };
    Ok(Some(read_only(database.name.clone(), problem)))
}
