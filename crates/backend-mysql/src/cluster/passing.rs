//! Errors of a cluster after which a retry may succeed.

use crate::error::{is_missing_table, server_error};

/// Errors after which a retry may succeed.
///
/// - `ER_LOCK_DEADLOCK` (1213), which Galera also reports when another node was faster.
/// - `ER_LOCK_WAIT_TIMEOUT` (1205), which Galera reports when a read has waited too long.
/// - `ER_TABLE_EXISTS_ERROR` (1050) and `ER_TABLE_DEF_CHANGED` (1412).
/// - `ER_ERROR_DURING_COMMIT` (1180) and `ER_TRANSACTION_ROLLBACK_DURING_COMMIT` (3101), which
///   group replication reports for a conflict.
/// - `ER_GRP_TRX_CONSISTENCY_BEFORE` (3797), which group replication reports when a read has waited
///   too long.
const PASSING: [u16; 7] = [1213, 1205, 1050, 1412, 1180, 3101, 3797];

/// Returns whether a retry may succeed.
pub(super) fn passes(source: &sqlx::Error) -> bool {
    is_missing_table(source)
        || server_error(source).is_some_and(|(number, _)| PASSING.contains(&number))
}
