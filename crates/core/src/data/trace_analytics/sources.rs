//! What the columns are computed from, which goes afterwards.

use sea_query::{Condition, Expr, Query, QueryStatement};

use super::{
    COST_KEYS, COST_METADATA, SESSION_METADATA, TOKEN_KEYS, TOKEN_USAGE_METADATA, TRACE_NAME_TAG,
    is_one_of,
};
use crate::backend::Backend;
use crate::error::Error;

/// Deletes the rows, and tells how many there were.
pub(super) async fn remove(backend: &mut dyn Backend) -> Result<u64, Error> {
    let metadata = [SESSION_METADATA, TOKEN_USAGE_METADATA, COST_METADATA];
    let mut removed = 0;
    for (table, keys) in [
        ("trace_tags", &[TRACE_NAME_TAG][..]),
        ("trace_request_metadata", &metadata[..]),
        ("trace_metrics", &TOKEN_KEYS[..]),
        ("span_metrics", &COST_KEYS[..]),
    ] {
        let condition = is_one_of(table, keys, backend.platform());
        removed += match empty(backend, table, &condition).await? {
            Some(rows) => rows,
            None => {
                let delete = Query::delete().from_table(table).cond_where(condition).take();
                backend.execute(QueryStatement::Delete(delete)).await?
            }
        };
    }
    Ok(removed)
}

/// Empties a table that has nothing but these rows, and tells how many there were. It spares taking
/// each row out of every index. `None`: it has others, or none, or it cannot be done.
async fn empty(
    backend: &mut dyn Backend,
    table: &'static str,
    condition: &Condition,
) -> Result<Option<u64>, Error> {
    let any = Query::select().expr(Expr::val(1)).from(table).limit(1).take();
    let others = any.clone().cond_where(condition.clone().not()).take();
    // Nobody is kept away from a table that need not be emptied.
    if backend.query(any).await?.is_empty() || !backend.query(others.clone()).await?.is_empty() {
        return Ok(None);
    }
    backend.empty(table, others).await
}
