//! Where a session looks for functions and operators.

/// Limits the `search_path` to the only schemas in which no other role can create anything.
pub(crate) const ONLY_THE_SERVERS: &str = "SET LOCAL search_path = pg_catalog, pg_temp";
