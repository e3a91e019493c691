//! Removes what the columns were computed from.

use sea_query::{Condition, Expr, Query, QueryStatement};

use super::{
    COST_KEYS, COST_METADATA, SESSION_METADATA, TOKEN_KEYS, TOKEN_USAGE_METADATA, TRACE_NAME_TAG,
    is_one_of,
};
use crate::backend::Backend;
use crate::error::Error;

/// Deletes the rows, and tells how many there were.
pub(super) async fn remove_sources(backend: &mut dyn Backend) -> Result<u64, Error> {
    let metadata = [SESSION_METADATA, TOKEN_USAGE_METADATA, COST_METADATA];
    let mut removed = 0;
    for (table, keys) in [
        ("trace_tags", &[TRACE_NAME_TAG][..]),
        ("trace_request_metadata", &metadata[..]),
        ("trace_metrics", &TOKEN_KEYS[..]),
        ("span_metrics", &COST_KEYS[..]),
    ] {
        let condition = is_one_of(table, keys, backend.platform());
        let mut delete = Query::delete().from_table(table).take();
        if !has_only(backend, table, condition.clone()).await? {
            delete.cond_where(condition);
        }
        removed += backend.execute(QueryStatement::Delete(delete)).await?;
    }
    Ok(removed)
}

/// Whether a table has nothing but these rows, where that matters: SQLite empties a table at once,
/// without taking each row out of every index.
async fn has_only(
    backend: &mut dyn Backend,
    table: &'static str,
    condition: Condition,
) -> Result<bool, Error> {
    if !backend.platform().is_sqlite() {
        return Ok(false);
    }
    let other =
        Query::select().expr(Expr::val(1)).from(table).cond_where(condition.not()).limit(1).take();
    Ok(backend.query(other).await?.is_empty())
}
