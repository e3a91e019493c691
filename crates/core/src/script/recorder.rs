//! Records the statements of a data migration instead of executing them.
//!
//! A data migration that only executes statements needs no program: the recorded statements are the
//! migration. One that reads rows computes something that SQL does not, and needs the program.

use async_trait::async_trait;
use sea_query::{Alias, Query, QueryStatement, SelectStatement};

use super::dialect::ScriptDialect;
use crate::data::{DataMigration, DataOptions};
use crate::error::{Error, TargetError};
use crate::event::Progress;
use crate::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use crate::schema::Schema;
use crate::schema::platform::Platform;

/// Returns the statements of a data migration; `None` if the migration needs the program.
///
/// `live` is the schema before the script, and `now` the schema in which the migration runs.
///
/// # Errors
/// If a statement cannot be built.
pub(super) async fn record(
    migration: &dyn DataMigration,
    dialect: &dyn ScriptDialect,
    options: &DataOptions,
    live: &Schema,
    now: &Schema,
) -> Result<Option<Vec<String>>, Error> {
    let mut recorder = Recorder { dialect, now, statements: Vec::new(), reads_rows: false };
    let done = migration.run(&mut recorder, options, live, &Progress::silent()).await;
    if recorder.reads_rows {
        return Ok(None);
    }
    done.map(|_| Some(recorder.statements))
}

struct Recorder<'a> {
    dialect: &'a dyn ScriptDialect,
    now: &'a Schema,
    statements: Vec<String>,
    reads_rows: bool,
}

impl Recorder<'_> {
    /// Ends the recording. The error ends the migration, and is seen by nobody else.
    fn needs_program(&mut self) -> Error {
        self.reads_rows = true;
        Error::Target(TargetError::NeedsProgram { revision: String::new() })
    }
}

#[async_trait]
impl Rows for Recorder<'_> {
    fn platform(&self) -> &Platform {
        self.dialect.platform()
    }

    async fn query(&mut self, _: SelectStatement) -> Result<Vec<Row>, Error> {
        Err(self.needs_program())
    }

    async fn query_exceptions(&mut self, _: SelectStatement) -> Result<Vec<Row>, Error> {
        Ok(Vec::new())
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.statements.push(self.dialect.statement(&statement));
        Ok(0)
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        let mut insert = Query::insert();
        insert.into_table(Alias::new(table)).columns(columns.iter().map(|one| Alias::new(*one)));
        for row in rows {
            let values = row.into_iter().map(sea_query::Expr::val);
            insert.values(values).map_err(|source| Error::Database {
                action: format!("building the statement for {table}"),
                source: Box::new(source),
            })?;
        }
        self.execute(QueryStatement::Insert(insert)).await
    }

    async fn update(&mut self, _: &KeyedUpdate, _: Vec<Row>) -> Result<u64, Error> {
        Err(self.needs_program())
    }

    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        Some(self)
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        None
    }
}

#[async_trait]
impl Accelerated for Recorder<'_> {
    async fn fill_latest_metrics(&mut self, _: &Progress) -> Result<Option<u64>, Error> {
        let metrics = self.now.table("metrics");
        let Some(fill) = metrics.and_then(|metrics| self.dialect.latest_metrics(metrics)) else {
            return Ok(None);
        };
        self.statements.extend(fill);
        Ok(Some(0))
    }
}
