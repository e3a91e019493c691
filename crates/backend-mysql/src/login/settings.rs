//! The settings of a session, independent of the server's defaults.

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::error::{Context, server_error};
use crate::quoting::literal;
use crate::text_protocol;

/// How long the server lets a connection be idle, and a client be slow, in seconds.
///
/// MySQL's own default for an idle connection. An administrator may have set the server to close
/// connections after a minute.
const PATIENCE: &str = "28800";

/// The size in bytes, shared by all threads of one statement.
const DDL_BUFFER: &str = "67108864";

/// Variables, with values as `SHOW VARIABLES` prints them.
///
/// A session sets only variables that its server has.
const SETTINGS: &[(&str, &str)] = &[
    // The server truncates or replaces nothing silently. NO_ZERO_DATE and similar modes stay off:
    // an older row that they would refuse must survive the rewrite of its table.
    ("sql_mode", "STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION"),
    ("time_zone", "+00:00"),
    ("autocommit", "ON"),
    // CHAIN (1) would begin a transaction at each COMMIT, and RELEASE (2) would disconnect.
    ("completion_type", "NO_CHAIN"),
    ("foreign_key_checks", "ON"),
    ("unique_checks", "ON"),
    // A change can restore a foreign key to a non-unique index that the server accepted earlier.
    ("restrict_fk_on_non_standard_key", "OFF"),
    ("check_constraint_checks", "ON"),
    ("default_storage_engine", "InnoDB"),
    ("sql_auto_is_null", "OFF"),
    // MariaDB 11.6 and later: an UPDATE would wait for the row after its range, or for all that it
    // reads, and parallel ranges would deadlock each other.
    ("innodb_snapshot_isolation", "OFF"),
    // These modes protect people who type statements at a prompt.
    ("sql_safe_updates", "OFF"),
    ("sql_big_selects", "ON"),
    // Names are compared in full when they are sorted.
    ("max_sort_length", "1024"),
    // These set the form of SHOW CREATE TABLE, and the language of error messages.
    ("sql_quote_show_create", "ON"),
    ("lc_messages", "en_US"),
    ("information_schema_stats_expiry", "0"),
    // The server may choose how to change a table.
    ("old_alter_table", "OFF"),
    ("alter_algorithm", "DEFAULT"),
    // The server sorts an index in memory. With MySQL's default of 1 MiB, building two took twice
    // as long.
    ("innodb_ddl_buffer_size", DDL_BUFFER),
    // Threads that read a table to index it. They mostly wait for the disk: with MySQL's default of
    // 4, a table that is not in memory took a fifth longer to read.
    ("innodb_parallel_read_threads", "16"),
    // No time limit may end a long ALTER.
    ("max_execution_time", "0"),
    ("max_statement_time", "0"),
    ("wait_timeout", PATIENCE),
    ("net_read_timeout", PATIENCE),
    ("net_write_timeout", PATIENCE),
    // Every table has a primary key. The server need not add one that the model does not know.
    ("sql_generate_invisible_primary_key", "OFF"),
    // Galera: every node alters its tables at the same place in the order of all changes.
    ("wsrep_osu_method", "TOI"),
];

/// No limit: the greatest value of `sql_select_limit`.
const EVERY_ROW: u64 = u64::MAX;

/// The settings without which the backend's assumptions do not hold.
///
/// The others are desirable, and some servers let only administrators set them.
const ESSENTIAL: &[&str] =
    &["sql_mode", "time_zone", "autocommit", "foreign_key_checks", "wsrep_osu_method"];

/// The essential settings that every server has, which a script sets.
const OF_SCRIPTS: &[&str] = &["sql_mode", "time_zone", "autocommit", "foreign_key_checks"];

/// Returns the statement that sets a script's session.
pub(crate) fn of_scripts() -> String {
    let settings = SETTINGS.iter().filter(|(name, _)| OF_SCRIPTS.contains(name));
    format!("SET {}", settings.map(assignment).collect::<Vec<_>>().join(", "))
}

/// Prepares a new connection.
pub(crate) async fn prepare(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    let seconds = context.lock_seconds.to_string();
    let mut wanted: Vec<(&str, &str)> = SETTINGS.to_vec();
    wanted.push(("lock_wait_timeout", &seconds));
    wanted.push(("innodb_lock_wait_timeout", &seconds));
    let action = "preparing the session";
    let work = async {
        // The default `sql_select_limit` truncates even the result of SHOW VARIABLES.
        text_protocol::run_soon(connection, format!("SET SESSION sql_select_limit = {EVERY_ROW}"))
            .await?;
        let names: Vec<String> = wanted.iter().map(|(name, _)| literal(name)).collect();
        let sql = format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({})", names.join(", "));
        let present = text_protocol::rows(connection, sql).await?;
        let differs = |(name, value): &&(&str, &str)| {
            present.iter().any(|row| {
                let found = |at: usize| text_protocol::cell(row, at);
                found(0).eq_ignore_ascii_case(name) && found(1) != *value
            })
        };
        let due: Vec<(&str, &str)> = wanted.iter().filter(differs).copied().collect();
        set(connection, &due).await?;
        let level = isolation(connection).await?;
        text_protocol::run_soon(
            connection,
            format!("SET SESSION TRANSACTION ISOLATION LEVEL {level}"),
        )
        .await
    };
    work.await.map(|_| ()).map_err(|source| context.error(action, source))
}

/// Returns the isolation level for the session.
///
/// Under REPEATABLE READ an `INSERT … SELECT` locks every row that it reads, possibly hundreds of
/// millions. The server then has no room for more locks (error 1206). READ COMMITTED locks none of
/// these rows, but cannot be replicated statement by statement.
async fn isolation(connection: &mut Connection) -> Result<&'static str, sqlx::Error> {
    let by_statement = logs_statements(connection).await?;
    Ok(if by_statement { "REPEATABLE READ" } else { "READ COMMITTED" })
}

/// Returns whether the server logs changes as statements; not every server has the variables.
pub(crate) async fn logs_statements(connection: &mut Connection) -> Result<bool, sqlx::Error> {
    let sql = "SHOW SESSION VARIABLES WHERE (Variable_name = 'log_bin' AND Value = 'ON') \
               OR (Variable_name = 'binlog_format' AND Value = 'STATEMENT')";
    Ok(text_protocol::rows(connection, sql).await?.len() == 2)
}

async fn set(connection: &mut Connection, settings: &[(&str, &str)]) -> Result<(), sqlx::Error> {
    if settings.is_empty() {
        return Ok(());
    }
    let together: Vec<String> = settings.iter().map(assignment).collect();
    let all = text_protocol::run_soon(connection, format!("SET {}", together.join(", "))).await;
    if all.as_ref().err().and_then(server_error).is_none() {
        return all.map(|_| ());
    }
    for setting in settings {
        match text_protocol::run_soon(connection, format!("SET {}", assignment(setting))).await {
            Err(source) if ESSENTIAL.contains(&setting.0) || server_error(&source).is_none() => {
                return Err(source);
            }
            _ => {}
        }
    }
    Ok(())
}

fn assignment((name, value): &(&str, &str)) -> String {
    let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
    let value = if is_number { (*value).to_owned() } else { literal(value) };
    format!("SESSION {name} = {value}")
}

#[cfg(test)]
mod tests {
    use super::assignment;

    #[test]
    fn numbers_are_not_quoted() {
        assert_eq!(assignment(&("wait_timeout", "60")), "SESSION wait_timeout = 60");
        assert_eq!(assignment(&("time_zone", "+00:00")), "SESSION time_zone = '+00:00'");
    }
}
