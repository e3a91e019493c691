//! Sessions: one transaction holds a whole upgrade.
//!
//! An advisory lock, named after the schema, keeps a second upgrader out; it goes with the
//! transaction, however that ends. Whatever happens before the COMMIT, the server takes it all back.

use std::time::Duration;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;
use sqlx::{AssertSqlSafe, Connection, Row as _};

use crate::connect::Postgres;
use crate::error::{is_lock_failure, read_only};
use crate::preflight::code_of_others::ONLY_THE_SERVERS;
use crate::render::{quote_identifier, quote_literal};

/// Makes the keys of this tool's advisory locks its own: the bytes of `mlflow_m`.
const LOCK_SEED: i64 = 0x6d6c_666c_6f77_5f6d;

/// Settings that the statements here count on, whatever the server, the database or the role set.
///
/// Row security off means an error, not fewer rows, where a policy would hide some. A statement that
/// runs once gains nothing from JIT, and one that runs for each batch nothing from a plan that was
/// made for other values.
const SETTINGS: &str = "SET LOCAL client_encoding = 'UTF8'; \
    SET LOCAL standard_conforming_strings = on; \
    SET LOCAL DateStyle = 'ISO, YMD'; \
    SET LOCAL TimeZone = 'UTC'; \
    SET LOCAL extra_float_digits = 3; \
    SET LOCAL bytea_output = 'hex'; \
    SET LOCAL row_security = off; \
    SET LOCAL quote_all_identifiers = off; \
    SET LOCAL statement_timeout = 0; \
    SET LOCAL idle_in_transaction_session_timeout = 0; \
    SET LOCAL jit = off; \
    SET LOCAL plan_cache_mode = force_custom_plan";

const STANDBY: &str = "the server is a standby";
const READ_ONLY: &str = "its transactions are read-only";

/// Settings that only some servers know, and memory where the server's own setting is smaller: set
/// if they exist.
///
/// A statement whose client is gone ends by itself, and a connection that is silent for minutes is
/// not taken for a dead one by what stands between.
const OPTIONAL_SETTINGS: &str = "SELECT set_config(s.name, w.value, true) FROM (VALUES \
    ('transaction_timeout', '0', NULL), \
    ('client_connection_check_interval', '5s', NULL), \
    ('tcp_keepalives_idle', '60', NULL), \
    ('work_mem', '64MB', 64 * 1024), \
    ('maintenance_work_mem', '256MB', 256 * 1024)) AS w (name, value, at_least) \
    JOIN pg_settings AS s ON s.name = w.name \
    WHERE w.at_least IS NULL OR s.setting::int8 < w.at_least";

impl Postgres {
    pub(crate) async fn begin_session(&mut self, access: SessionMode) -> Result<(), Error> {
        let result = self.open(access).await;
        if result.is_err() {
            // The error is the one to tell.
            let _ = self.rollback_session().await;
        }
        result
    }

    async fn open(&mut self, access: SessionMode) -> Result<(), Error> {
        let begin = match access {
            SessionMode::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            SessionMode::Upgrade => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let search_path =
            format!("SET LOCAL search_path = {}, pg_temp", quote_identifier(&self.schema));
        let action = "beginning a transaction";
        self.begin_transaction(format!("{begin}; {ONLY_THE_SERVERS}; {SETTINGS}"), action).await?;
        self.run_soon(OPTIONAL_SETTINGS.to_owned(), action).await?;
        self.access = Some(access);
        if access == SessionMode::Upgrade {
            self.cancel_when_stopped().await?;
            self.refuse_read_only().await?;
            self.lock_out_others().await?;
        }
        self.refuse_code_of_others().await?;
        self.run_soon(search_path, action).await?;
        if access == SessionMode::Upgrade {
            self.lock_version_table().await?;
        }
        self.set_lock_timeout(self.lock_timeout).await
    }

    pub(crate) async fn commit_session(&mut self) -> Result<(), Error> {
        self.leave_session("committing the upgrade").await?;
        self.send_commit().await
    }

    pub(crate) async fn rollback_session(&mut self) -> Result<(), Error> {
        // Nothing can be said over a connection whose COMMIT nobody waits for any more.
        if self.is_abandoned {
            return Ok(());
        }
        let left = self.leave_session("rolling back").await;
        let rolled_back = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection);
        match self.line.long(rolled_back).await {
            Ok(_) => left,
            Err(source) => Err(self.context().error("rolling back", source)),
        }
    }

    /// Forgets what the session knew. Its prepared statements go while the transaction is open: a pooler
    /// may give what comes after it to another connection to the server.
    async fn leave_session(&mut self, action: &str) -> Result<(), Error> {
        self.stop_cancelling().await;
        self.access = None;
        self.column_types.clear();
        let cleared = self.connection.clear_cached_statements().await;
        cleared.map_err(|source| self.context().error(action, source))
    }

    async fn refuse_read_only(&mut self) -> Result<(), Error> {
        const SQL: &str = "SELECT pg_is_in_recovery(), \
            current_setting('transaction_read_only') = 'on'";
        let action = "looking at the server";
        let row = sqlx::query(SQL).fetch_one(&mut self.connection);
        let row = match self.line.brief(row).await {
            Ok(row) => row,
            Err(source) => return Err(self.failed(action, source).await),
        };
        let flag = |at: usize| {
            row.try_get::<bool, _>(at).map_err(|source| self.context().error(action, source))
        };
        if flag(0)? {
            return Err(read_only(self.name.clone(), STANDBY));
        }
        if flag(1)? {
            return Err(read_only(self.name.clone(), READ_ONLY));
        }
        Ok(())
    }

    /// What an upgrade would meet at its beginning; a session that only reads begins everywhere.
    pub(crate) async fn unwritable(&mut self) -> Result<Option<Error>, Error> {
        const SQL: &str = "SELECT pg_is_in_recovery()::int::int8, \
            (current_setting('default_transaction_read_only') = 'on')::int::int8";
        let flags = self.numbers(SQL.to_owned(), "looking at the server").await?;
        let problem = match flags[..] {
            [1, _] => STANDBY,
            [_, 1] => READ_ONLY,
            _ => return Ok(None),
        };
        Ok(Some(read_only(self.name.clone(), problem)))
    }

    async fn set_lock_timeout(&mut self, timeout: Duration) -> Result<(), Error> {
        // Zero would wait for ever.
        let milliseconds = timeout.as_millis().clamp(1, i32::MAX.unsigned_abs().into());
        let sql = format!("SET LOCAL lock_timeout = {milliseconds}");
        self.run_soon(sql, "beginning a transaction").await
    }

    fn lock_key(&self) -> String {
        format!("hashtextextended({}, {LOCK_SEED})", quote_literal(&self.schema))
    }

    /// The condition that a lock is that of an upgrade.
    pub(crate) fn is_upgrade_lock(&self) -> String {
        format!(
            "l.locktype = 'advisory' AND l.objsubid = 1 \
             AND (l.classid::int8 << 32) | l.objid::int8 = {}",
            self.lock_key()
        )
    }

    /// Waits for another upgrader.
    async fn lock_out_others(&mut self) -> Result<(), Error> {
        self.set_lock_timeout(self.lock_wait).await?;
        let sql = format!("SELECT pg_advisory_xact_lock({})", self.lock_key());
        let locked = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut self.connection);
        match self.line.brief_after(self.lock_wait, locked).await {
            Ok(_) => Ok(()),
            Err(source) if is_lock_failure(&source) => Err(Error::Locked {
                name: self.name.clone(),
                waited_seconds: self.lock_wait.as_secs(),
                holders: self.holders(&self.is_upgrade_lock()).await,
            }),
            Err(source) => Err(self.failed("waiting for another upgrade", source).await),
        }
    }

    /// The sessions that hold locks on tables of the schema, the oldest transaction first.
    ///
    /// The failed statement has ended the transaction, and with it this session's own locks.
    pub(crate) async fn table_lock_holders(&mut self) -> Vec<String> {
        let condition = format!("l.locktype = 'relation' AND {}", self.is_own_table());
        self.holders(&condition).await
    }

    /// The condition that a lock is on a table of the schema.
    pub(crate) fn is_own_table(&self) -> String {
        format!(
            "c.relkind IN ('r', 'p') \
             AND c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = {})",
            quote_literal(&self.schema)
        )
    }

    /// Nothing is told where the server does not let itself be asked.
    async fn holders(&mut self, condition: &str) -> Vec<String> {
        if self.rollback_session().await.is_err() {
            return Vec::new();
        }
        self.sessions_with(condition).await.unwrap_or_default()
    }

    /// Other sessions that have a lock of which a condition is true.
    pub(crate) async fn sessions_with(&mut self, condition: &str) -> Result<Vec<String>, Error> {
        let sql = format!(
            "SELECT a.pid, a.usename::text, a.application_name, a.state, \
             extract(epoch FROM clock_timestamp() - coalesce(a.xact_start, a.query_start))::int8, \
             string_agg(DISTINCT coalesce(c.relname || ' (' || l.mode || ')', \
             'the lock of another upgrade'), ', '), \
             pg_blocking_pids(a.pid)::text \
             FROM pg_locks l LEFT JOIN pg_class c ON c.oid = l.relation \
             JOIN pg_stat_activity a ON a.pid = l.pid \
             WHERE l.granted AND l.pid <> pg_backend_pid() \
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) \
             AND {condition} \
             GROUP BY a.pid, a.usename, a.application_name, a.state, a.xact_start, a.query_start \
             ORDER BY a.xact_start NULLS LAST LIMIT 5"
        );
        // No transaction may be open any more, and a pooler knows nothing of what is prepared outside of one.
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        let rows = self.line.rows(query.fetch(&mut self.connection)).await;
        let told = rows.and_then(|rows| rows.iter().map(describe_holder).collect());
        told.map_err(|source| self.context().error("looking for other sessions", source))
    }
}

fn describe_holder(row: &sqlx::postgres::PgRow) -> sqlx::Result<String> {
    let pid: i32 = row.try_get(0)?;
    let mut text = format!("process {pid}");
    let user: Option<String> = row.try_get(1)?;
    let application: Option<String> = row.try_get(2)?;
    let known = [user.map(|it| format!("user {it}")), application]
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty());
    let known: Vec<String> = known.collect();
    if !known.is_empty() {
        text += &format!(" ({})", known.join(", "));
    }
    if let (Some(state), Some(age)) =
        (row.try_get::<Option<String>, _>(3)?, row.try_get::<Option<i64>, _>(4)?)
    {
        text += &format!(", {state} for {age} s");
    }
    text += &format!(": {}", row.try_get::<String, _>(5)?);
    let blocked_by: Option<String> = row.try_get(6)?;
    if let Some(pids) = blocked_by.filter(|pids| pids != "{}") {
        text += &format!(", itself waiting for {}", pids.trim_matches(['{', '}']));
    }
    Ok(text)
}
