//! Where a session looks for functions and operators.
//!
//! A role or a database may have a `search_path` with other schemas before the server's own. Others
//! could plant functions and operators there, which would run with this user's rights. So each
//! statement runs in a transaction that limits the path, or qualifies every name.

/// Limits the `search_path` to the only schemas in which no other role can create anything.
pub(crate) const ONLY_THE_SERVERS: &str = "SET LOCAL search_path = pg_catalog, pg_temp";

/// Returns a query in a transaction of its own, which sees the server's functions only.
///
/// The setting ends with its transaction: a pooler may give the connection to another client.
pub(crate) fn alone(query: &str) -> String {
    format!("BEGIN READ ONLY; {ONLY_THE_SERVERS}; {query}; COMMIT")
}
