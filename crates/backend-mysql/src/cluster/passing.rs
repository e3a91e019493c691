//! Errors of a cluster that pass.

use crate::error::{is_missing_table, server_error};

/// What passes by itself: `ER_LOCK_DEADLOCK`, which is also what Galera says when another node was faster,
/// `ER_LOCK_WAIT_TIMEOUT`, which it says when a read had to wait for too long, `ER_TABLE_EXISTS_ERROR`,
/// `ER_TABLE_DEF_CHANGED`, and `ER_ERROR_DURING_COMMIT`, which group replication says of a conflict, as
/// 3101 (`ER_TRANSACTION_ROLLBACK_DURING_COMMIT`), and of a read that had to wait for too long, as 3797
/// (`ER_GRP_TRX_CONSISTENCY_BEFORE`).
const PASSING: [u16; 7] = [1213, 1205, 1050, 1412, 1180, 3101, 3797];

/// Returns whether the next try may succeed.
pub(super) fn passes(source: &sqlx::Error) -> bool {
    is_missing_table(source)
        || server_error(source).is_some_and(|(number, _)| PASSING.contains(&number))
}
