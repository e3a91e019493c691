//! Finds out how much room the write-ahead log has, and what a sort may keep in memory.
//!
//! The server keeps segments of the log for reuse, and removes none below `min_wal_size`
//! (PostgreSQL manual, "WAL Configuration"). New log fills these first. Once it has reached
//! `max_wal_size`, a checkpoint allows the server to reuse segments. It may not do so while an
//! archive, a replication slot or `wal_keep_size` needs them.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{ChangeLog, DiskFacts};

use crate::database::Postgres;
use crate::statements;

/// Page size, limits of the log in bytes, whether it is kept, and what an index build keeps in memory.
///
/// The session of an upgrade raises this memory to 256 MiB. Processes that sort side by side exchange
/// files, and small tables are sorted by one process.
const SETTINGS: &str = "SELECT current_setting('block_size')::int8, \
    coalesce(pg_size_bytes(current_setting('min_wal_size', true)), 0)::int8, \
    coalesce(pg_size_bytes(current_setting('max_wal_size', true)), 0)::int8, \
    (current_setting('archive_mode') <> 'off' \
    OR EXISTS (SELECT FROM pg_replication_slots))::int4::int8, \
    CASE WHEN current_setting('max_parallel_maintenance_workers', true)::int4 > 0 \
    THEN pg_size_bytes(current_setting('min_parallel_table_scan_size')) \
    ELSE greatest(pg_size_bytes(current_setting('maintenance_work_mem')), 256 * 1024 * 1024) \
    END::int8";

const MAY_LIST: &str = "SELECT coalesce(has_function_privilege( \
    to_regprocedure('pg_catalog.pg_ls_waldir()'), 'EXECUTE'), false)::int4::int8";

/// The segments after the current one, which wait to be reused. A standby writes none.
///
/// The first eight digits of a name are the timeline.
const UNUSED: &str = "SELECT coalesce(sum(size), 0)::int8 FROM pg_ls_waldir() \
    WHERE name ~ '^[0-9A-F]{24}$' AND substr(name, 9) > CASE WHEN pg_is_in_recovery() \
    THEN substr(name, 9) ELSE substr(pg_walfile_name(pg_current_wal_insert_lsn()), 9) END";

/// Measures the log's room, in a session that reads.
pub(crate) async fn measure(database: &mut Postgres) -> Result<DiskFacts, Error> {
    let action = "reading the settings of the write-ahead log";
    let settings = statements::numbers(database, SETTINGS.to_owned(), action).await?;
    let number = |at: usize| settings.get(at).map_or(0, |number| number.unsigned_abs());
    let may_list = statements::number(database, MAY_LIST.to_owned(), action).await? != 0;
    let log_room = if may_list {
        statements::number(database, UNUSED.to_owned(), action).await?.unsigned_abs()
    } else {
        number(1)
    };
    let is_kept = number(3) != 0;
    Ok(DiskFacts {
        log: ChangeLog::TablesAndIndexes,
        page: number(0),
        log_room,
        frees_truncated: false,
        log_limit: (!is_kept && number(2) > 0).then(|| number(2)),
        sort_memory: number(4),
    })
}
