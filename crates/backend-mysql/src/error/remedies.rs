//! Hints on errors of the server.

/// The remedy where the server does not report which limit a transaction exceeds.
pub(super) const TOO_LARGE_REMEDY: &str = "let an administrator raise max_binlog_cache_size, wsrep_max_ws_size and wsrep_max_ws_rows, or \
     group_replication_transaction_size_limit, whichever the server has set, and run the command \
     again";

/// The remedy for a statement that is longer than the server accepts.
pub(crate) const PACKET_REMEDY: &str =
    "let an administrator raise max_allowed_packet of the server";

/// The remedy for a key or a row that the server cannot hold.
pub(crate) const LIMIT_REMEDY: &str = "convert the tables to ROW_FORMAT=DYNAMIC with innodb_large_prefix=ON, or move the database to \
     a newer server";

/// The privilege that creating a trigger takes while binary logging is on.
pub(crate) const TRIGGER_PRIVILEGE: &str =
    "SUPER, which a trigger takes while binary logging is on (revision 1bd49d398cd23)";

/// The remedy for a user without [`TRIGGER_PRIVILEGE`].
pub(crate) const TRIGGER_REMEDY: &str =
    "let an administrator SET GLOBAL log_bin_trust_function_creators = 1 until the upgrade is done";

pub(super) const BUSY_REMEDY: &str =
    "the server takes no more connections at the moment; try again later";
