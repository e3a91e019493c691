//! Data migrations: revisions that change rows.
//!
//! Where SQL can say what is to be done, a migration is one or a few sea-query statements and no
//! row leaves the database. Where MLflow computes a value in Python, the rows move through the
//! program in batches by ranges of their key, so that memory stays flat.

mod batch_size;
mod canceled_jobs;
mod charset;
mod default_workspace;
mod grouped_problems;
mod issue_categories;
pub mod latest_metrics;
mod mcp_version_references;
mod parts;
pub(crate) mod python;
mod trace_analytics;
mod user_tags;
pub(crate) mod value;

use std::fmt::Debug;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use sea_query::{
    Alias, Expr, ExprTrait, Func, MysqlQueryBuilder, PostgresQueryBuilder, Query, SelectStatement,
    SqliteQueryBuilder,
};
use serde::{Deserialize, Serialize};

use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::Rows;
use crate::schema::Schema;
use crate::schema::platform::{Dialect, Platform};

pub use canceled_jobs::CanceledJobs;
pub use default_workspace::DefaultWorkspace;
pub use issue_categories::IssueCategories;
pub use latest_metrics::LatestMetrics;
pub use mcp_version_references::McpVersionReferences;
pub use trace_analytics::{TraceAnalytics, TraceAnalyticsSources};
pub use user_tags::UserTags;

/// How many rows move through the program at a time, where nothing is known of them: few enough that
/// memory stays flat with the longest texts that MLflow allows.
pub(crate) const BATCH: u64 = 500;

/// How many rows a table has.
pub(crate) async fn count(database: &mut dyn Rows, table: &str) -> Result<u64, Error> {
    let all = Func::count(Expr::col(sea_query::Asterisk));
    let rows = database.query(Query::select().expr(all).from(Alias::new(table)).take()).await?;
    Ok(rows.first().map_or(0, |found| value::count(found.first())))
}

/// What a data migration may be told.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DataOptions {
    /// The time of the upgrade, in milliseconds since 1970: dc11669786a5 writes it.
    pub now_ms: i64,
    /// Whether rows that a migration cannot take are left out instead of refused, where that is
    /// sound.
    pub skip_invalid: bool,
}

impl Default for DataOptions {
    /// Now, and nothing left out.
    fn default() -> Self {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX);
        Self { now_ms, skip_invalid: false }
    }
}

/// A column that a data migration copies into one with a foreign key.
#[derive(Clone, Copy, Debug)]
pub struct CopiedReference {
    /// The table and the column that are read.
    pub from: (&'static str, &'static str),
    /// The table that gets the rows.
    pub into: &'static str,
    /// The table and the column that its foreign key references.
    pub referred: (&'static str, &'static str),
}

/// A change of rows that belongs to a revision.
#[async_trait]
pub trait DataMigration: Debug + Send + Sync {
    /// What it does, in a few words.
    fn title(&self) -> &'static str;

    /// The tables and columns that it reads. A migration that reads nothing only adds rows of its
    /// own, and can run at any time after its revision's tables exist.
    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])];

    /// The tables and columns that it writes.
    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])];

    /// Whether it only adds rows, so that those which are there stay as they are.
    fn only_adds(&self) -> bool {
        false
    }

    /// What it reads that becomes a reference in the rows that it writes: where that is read, and what
    /// it then references.
    fn references(&self) -> &'static [CopiedReference] {
        &[]
    }

    /// Whether its rows are one transaction on every database, so that if it fails it has left none.
    fn is_atomic(&self) -> bool {
        true
    }

    /// Whether a database notes what it commits before it is done ([`Accelerated::truncate_if_only`](crate::rows::Accelerated::truncate_if_only) does).
    fn notes_what_it_commits(&self) -> bool {
        self.is_atomic()
    }

    /// Whether it has anything to do in a database that looks like this before the upgrade: the
    /// rows that it reads can only be in tables that exist.
    fn is_needed(&self, live: &Schema) -> bool {
        self.reads().iter().all(|(table, _)| live.table(table).is_some())
    }

    /// What it would stumble over, found before anything is changed. The live schema may be older
    /// than the one that it runs on: what is not there yet has no rows to stumble over.
    async fn preflight(
        &self,
        _backend: &mut dyn Rows,
        _options: &DataOptions,
        _live: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        Ok(Vec::new())
    }

    /// Which rows it writes in one transaction where others would be divided: their table, and what counts
    /// them. `None` where it writes few, or commits them in parts.
    fn undivided(&self, _platform: &Platform) -> Option<(&'static str, SelectStatement)> {
        None
    }

    /// Does it, and returns how many rows it wrote. `live` is the schema before the upgrade.
    async fn run(
        &self,
        database: &mut dyn Rows,
        options: &DataOptions,
        live: &Schema,
        progress: &Progress,
    ) -> Result<u64, Error>;
}

/// `column = text`, byte for byte: MySQL's default collations ignore case, but only a comparison by them
/// can use an index. On SQLite a column may be declared like that.
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

/// A query as people can run it.
pub(crate) fn sql_text(select: &SelectStatement, platform: &Platform) -> String {
    match platform.dialect {
        Dialect::Sqlite => select.to_string(SqliteQueryBuilder),
        Dialect::Postgres => select.to_string(PostgresQueryBuilder),
        Dialect::Mysql => select.to_string(MysqlQueryBuilder),
    }
}

/// A text as MySQL tells it apart from others by every byte.
pub(crate) fn bytes(text: Expr) -> Expr {
    Func::cast_as(text, "binary").into()
}

#[cfg(test)]
mod tests {
    use super::DataOptions;

    /// A job that is canceled in 1970 would look as if it had never been touched.
    #[test]
    fn the_time_of_an_upgrade_is_now_unless_it_is_said() {
        const IN_2020: i64 = 1_577_836_800_000;
        assert!(DataOptions::default().now_ms > IN_2020);
    }
}
