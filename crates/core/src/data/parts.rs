//! Writes rows in transactions of a size that the server accepts.
//!
//! Only for work that can be repeated with the same result: what is committed stays, even if the
//! rest fails. Where one transaction holds the whole upgrade, nothing is committed in between, and
//! nothing is too large.

use sea_query::{DeleteStatement, QueryStatement};

use crate::error::Error;
use crate::rows::{KeyedUpdate, Row, Rows};

/// The number of rows per DELETE, where the server does not accept all rows at once.
const DELETED: u64 = 10_000;

/// Commits the rows written so far, and begins a new transaction.
pub(super) async fn commit(database: &mut dyn Rows) -> Result<(), Error> {
    let Some(transactions) = database.transactions() else { return Ok(()) };
    transactions.commit_rows().await?;
    transactions.begin_rows().await
}

/// Rolls back the rows written since the last commit, and begins a new transaction.
pub(super) async fn roll_back(database: &mut dyn Rows) -> Result<(), Error> {
    let Some(transactions) = database.transactions() else { return Ok(()) };
    transactions.rollback_rows().await?;
    transactions.begin_rows().await
}

/// Updates rows and commits, and returns the number of rows changed.
///
/// Splits the rows into parts where they are too many for one transaction.
pub(super) async fn update(
    database: &mut dyn Rows,
    update: &KeyedUpdate,
    rows: Vec<Row>,
) -> Result<u64, Error> {
    let (mut changed, mut parts) = (0, vec![rows]);
    while let Some(mut part) = parts.pop() {
        match update_part(database, update, part.clone()).await {
            Ok(count) => changed += count,
            Err(Error::TooLarge { .. }) if part.len() > 1 => {
                roll_back(database).await?;
                let rest = part.split_off(part.len() / 2);
                parts.extend([rest, part]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

async fn update_part(
    database: &mut dyn Rows,
    update: &KeyedUpdate,
    rows: Vec<Row>,
) -> Result<u64, Error> {
    let changed = database.update(update, rows).await?;
    commit(database).await?;
    Ok(changed)
}

/// Deletes rows and commits, and returns the number of rows deleted.
///
/// Deletes in parts where the rows are too many for one transaction.
pub(super) async fn delete(
    database: &mut dyn Rows,
    delete: &DeleteStatement,
) -> Result<u64, Error> {
    let (mut deleted, mut limit) = (0, None);
    loop {
        let mut part = delete.clone();
        if let Some(limit) = limit {
            part.limit(limit);
        }
        match delete_part(database, part).await {
            Ok(rows) => {
                deleted += rows;
                if limit.is_none_or(|limit| rows < limit) {
                    return Ok(deleted);
                }
            }
            Err(error @ Error::TooLarge { .. }) => {
                roll_back(database).await?;
                limit = match limit {
                    None => Some(DELETED),
                    Some(1) => return Err(error),
                    Some(limit) => Some(limit / 2),
                };
            }
            Err(error) => return Err(error),
        }
    }
}

async fn delete_part(database: &mut dyn Rows, part: DeleteStatement) -> Result<u64, Error> {
    let rows = database.execute(QueryStatement::Delete(part)).await?;
    // After the commit, these rows are lost even if the upgrade fails.
    if let Some(transactions) = database.transactions() {
        transactions.note_more_losses(rows).await?;
    }
    commit(database).await?;
    Ok(rows)
}
