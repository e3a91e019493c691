//! Holds the data migrations: the revisions that change rows.
//!
//! Where SQL can express the change, a migration consists of one or a few sea-query statements, and
//! no row leaves the database. Where MLflow computes a value in Python, the program reads and
//! writes the rows in batches, by ranges of their key. Memory use therefore stays flat.

pub(crate) mod afterwards;
mod batch_size;
pub(crate) mod beforehand;
mod canceled_jobs;
pub(crate) mod charset;
mod default_workspace;
mod grouped_problems;
mod issue_categories;
pub mod latest_metrics;
mod mcp_version_references;
mod parts;
mod permissions_to_roles;
mod prompt_permissions;
pub mod python;
mod reversal;
mod trace_analytics;
mod user_tags;
pub(crate) mod value;

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sea_query::{
    Alias, Condition, Expr, ExprTrait, Func, MysqlQueryBuilder, PostgresQueryBuilder, Query,
    SelectStatement, SqliteQueryBuilder,
};
use serde::{Deserialize, Serialize};

use crate::error::{Error, RowProblem};
use crate::event::{Omission, Progress};
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::{Dialect, Platform};

pub use afterwards::Afterwards;
pub use beforehand::{Beforehand, FilledTable};
pub use canceled_jobs::CanceledJobs;
pub use default_workspace::DefaultWorkspace;
pub use issue_categories::IssueCategories;
pub use latest_metrics::LatestMetrics;
pub use mcp_version_references::McpVersionReferences;
pub use permissions_to_roles::PermissionsToRoles;
pub use prompt_permissions::PromptPermissions;
pub use reversal::{Again, Reversal};
pub use trace_analytics::promoted;
pub use trace_analytics::{TraceAnalytics, TraceAnalyticsSources};
pub use user_tags::UserTags;

/// The number of rows per batch where the row size is unknown.
///
/// Small enough that memory use stays flat even with the longest texts that MLflow allows.
pub(crate) const BATCH: u64 = 500;

/// Returns the row count of a table.
pub(crate) async fn count(database: &mut dyn Rows, table: &str) -> Result<u64, Error> {
    let all = Func::count(Expr::col(sea_query::Asterisk));
    let rows = database.query(Query::select().expr(all).from(Alias::new(table)).take()).await?;
    Ok(rows.first().map_or(0, |found| value::count(found.first())))
}

/// The options of the data migrations.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DataOptions {
    /// The time of the upgrade in milliseconds since 1970, which dc11669786a5 writes.
    pub now_ms: i64,
    /// Whether to leave out rows that a migration would refuse, where that is safe.
    pub skip_invalid: bool,
    /// Whether rows that MLflow no longer reads stay until a [`cleanup`](mod@crate::cleanup).
    #[serde(default)]
    pub defers_cleanup: bool,
}

impl Default for DataOptions {
    /// Returns the current time, and leaves no row out.
    fn default() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Self { now_ms, skip_invalid: false, defers_cleanup: false }
    }
}

/// A column that a data migration copies into a column with a foreign key.
#[derive(Clone, Copy, Debug)]
pub struct CopiedReference {
    /// The source table and column.
    pub from: (&'static str, &'static str),
    /// The table to which the rows are written.
    pub into: &'static str,
    /// The table and column that the foreign key of `into` references.
    pub referred: (&'static str, &'static str),
}

/// A change of rows that belongs to a revision.
#[async_trait]
pub trait DataMigration: Debug + Send + Sync {
    /// Returns a short description.
    fn title(&self) -> &'static str;

    /// Returns the tables and columns that the migration reads.
    ///
    /// A migration that reads nothing only adds rows, and can run at any time after its tables
    /// exist.
    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])];

    /// Returns the tables and columns that the migration writes.
    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])];

    /// Returns a query that takes about as long as the whole migration.
    ///
    /// It reads `table`, which has the columns of the first table that the migration reads. `None`
    /// if the migration reads and writes its rows otherwise.
    fn main_query(&self, _table: &str) -> Option<SelectStatement> {
        None
    }

    /// Returns the condition for the rows of a table that the migration is likely to write.
    ///
    /// The table is one of [`Self::writes`], which a sample of its rows replaces. All rows unless
    /// the migration knows better.
    fn likely_rows(&self, _table: &str, _sample: &'static str, _platform: &Platform) -> Condition {
        Condition::all()
    }

    /// Returns a query of how many rows the migration is likely to add.
    ///
    /// The query reads a sample of the first table that the migration reads. `None` for one row for
    /// each that is read.
    fn likely_additions(&self, _sample: &'static str) -> Option<SelectStatement> {
        None
    }

    /// Returns the tables that the next change of the table writes, where the database can wait.
    fn deferred_tables(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns the tables that the migration truncates, where the database can.
    fn truncates(&self) -> &'static [&'static str] {
        &[]
    }

    /// Returns how a downgrade undoes the migration.
    fn reversal(&self) -> Reversal;

    /// Returns whether the migration only adds rows, and leaves existing rows unchanged.
    fn only_adds(&self) -> bool {
        false
    }

    /// Returns the columns that the migration copies into columns with a foreign key.
    fn references(&self) -> &'static [CopiedReference] {
        &[]
    }

    /// Returns whether the migration is one transaction on every database.
    ///
    /// A migration of one transaction leaves no row behind if it fails.
    fn is_atomic(&self) -> bool {
        true
    }

    /// Returns whether the database notes what the migration commits before its end.
    ///
    /// [`Accelerated::truncate_if_only`](crate::rows::Accelerated::truncate_if_only) notes what it
    /// commits.
    fn notes_what_it_commits(&self) -> bool {
        self.is_atomic()
    }

    /// Returns whether the migration has anything to do in a given schema.
    ///
    /// `live` is the schema before the upgrade: only tables that exist can hold rows to read.
    fn is_needed(&self, live: &Schema) -> bool {
        self.reads().iter().all(|(table, _)| live.table(table).is_some())
    }

    /// Returns the columns, with their tables, that the migration names in no statement.
    ///
    /// It reads them in other databases. `live` lacks them, so they would be empty.
    fn does_without(&self, _live: &Schema) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Returns whether a run of MLflow that stopped within the revision has committed the migration.
    ///
    /// `found` is the schema that the migration would find.
    fn is_done(&self, _found: &Schema) -> bool {
        false
    }

    /// Returns what computes values of the migration while MLflow still writes, if anything does.
    fn beforehand(&self) -> Option<&dyn Beforehand> {
        None
    }

    /// Returns what removes the rows of the migration after the upgrade, if that can wait.
    fn afterwards(&self) -> Option<&dyn Afterwards> {
        None
    }

    /// Returns the rows that the migration would refuse, before anything is changed.
    ///
    /// The live schema may be older than the one on which the migration runs. A table that does not
    /// exist yet has no rows to refuse.
    async fn preflight(
        &self,
        _backend: &mut dyn Rows,
        _options: &DataOptions,
        _live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        Ok(Vec::new())
    }

    /// Returns the rows that the migration has left out, after it has run.
    ///
    /// `live` is the schema before the upgrade.
    async fn left_out(
        &self,
        _database: &mut dyn Rows,
        _live: &Schema,
    ) -> Result<Vec<Omission>, Error> {
        Ok(Vec::new())
    }

    /// Returns which rows are written in one transaction that is not split.
    ///
    /// The result is the table, and a query that counts the rows. `None` where the migration writes
    /// few rows, or commits them in parts.
    fn undivided(&self, _platform: &Platform) -> Option<(&'static str, SelectStatement)> {
        None
    }

    /// Returns the rows that a script refuses: each problem in a few words, and a query for them.
    ///
    /// A script runs no [`DataMigration::preflight`].
    fn refused_by_scripts(&self, _platform: &Platform) -> Vec<(&'static str, SelectStatement)> {
        Vec::new()
    }

    /// Executes the migration, and returns the number of rows written.
    ///
    /// `live` is the schema before the upgrade.
    async fn run(
        &self,
        database: &mut dyn Rows,
        options: &DataOptions,
        live: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error>;
}

/// Returns the expression `column = text`, compared byte by byte.
///
/// MySQL's default collations ignore case, but only a comparison by the collation can use an index.
/// So MySQL compares twice. On SQLite, a column may be declared with a collation that ignores case.
pub(crate) fn equals_exactly(column: Expr, text: impl Into<Expr>, platform: &Platform) -> Expr {
    let text = text.into();
    match platform.dialect {
        Dialect::Sqlite => column.eq(Expr::cust_with_expr("? COLLATE BINARY", text)),
        Dialect::Postgres => column.eq(text),
        Dialect::Mysql => {
            let equal = column.clone().eq(text.clone());
            equal.and(bytes(column).eq(bytes(text)))
        }
    }
}

/// Returns a query as text that the user can run.
pub(crate) fn sql_text(select: &SelectStatement, platform: &Platform) -> String {
    match platform.dialect {
        Dialect::Sqlite => select.to_string(SqliteQueryBuilder),
        Dialect::Postgres => select.to_string(PostgresQueryBuilder),
        Dialect::Mysql => select.to_string(MysqlQueryBuilder),
    }
}

/// Returns a text as bytes, so that MySQL compares every byte.
pub(crate) fn bytes(text: Expr) -> Expr {
    Func::cast_as(text, "binary").into()
}

#[cfg(test)]
mod tests {
    use super::DataOptions;

    /// A job canceled in 1970 would look as if it had never been touched.
    #[test]
    fn the_time_of_an_upgrade_is_now_unless_it_is_said() {
        const IN_2020: i64 = 1_577_836_800_000;
        assert!(DataOptions::default().now_ms > IN_2020);
    }
}
