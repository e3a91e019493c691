//! Removes what the columns were computed from.

use sea_query::{Query, QueryStatement};

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
        let delete = Query::delete().from_table(table).cond_where(condition).take();
        removed += backend.execute(QueryStatement::Delete(delete)).await?;
    }
    Ok(removed)
}
