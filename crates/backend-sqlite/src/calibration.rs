//! Measures work on samples, in a temporary database of SQLite's own.
//!
//! The user's file is only read: rows travel through the program into a file without a name, which
//! SQLite removes with its connection.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Calibration, ChangeLog, DiskFacts, Flushing, SAMPLE, SAMPLED, Sample, TableSize, Work,
};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::schema::Table;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use sea_query::{Query, QueryStatement, SelectStatement, Value as Scalar};

use crate::change::Asked;
use crate::database::Sqlite;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::preflight::integrity;
use crate::render::{self, column_list};
use crate::{change, connection, lock, rows, table_size};

const ACTION: &str = "measuring a sample";

/// The least cache of a sample in KiB.
const LEAST_CACHE: i32 = 256;

impl Sqlite {
    /// Runs blocking work on the temporary database.
    async fn on_sample<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, Context<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let scratch = self.scratch.clone();
        self.call(move |_, context| {
            let Some(scratch) = scratch else {
                return Err(context.error(ACTION, rusqlite::Error::InvalidQuery));
            };
            work(&scratch.lock().unwrap_or_else(PoisonError::into_inner), context)
        })
        .await
    }

    async fn run_on_sample(&self, sql: String) -> Result<(), Error> {
        self.on_sample(move |scratch, context| {
            scratch.execute_batch(&sql).map_err(|source| context.error(ACTION, source))
        })
        .await
    }
}

impl Sqlite {
    async fn write_sample(&self, statement: QueryStatement) -> Result<u64, Error> {
        self.on_sample(move |scratch, context| rows::execute(scratch, &statement, context)).await
    }

    /// Returns the first value of a query.
    async fn query_sample(&self, query: Box<SelectStatement>) -> Result<Option<Scalar>, Error> {
        let found = self.on_sample(move |scratch, context| rows::query(scratch, &query, context));
        Ok(found.await?.into_iter().next().and_then(|row| row.into_iter().next()))
    }
}

fn page_size(connection: &Connection, context: Context<'_>) -> Result<u64, Error> {
    let size = connection.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0));
    size.map(i64::unsigned_abs).map_err(|source| context.error("reading the page size", source))
}

/// Opens a temporary database with the settings of an upgrade.
fn open(context: Context<'_>) -> Result<Connection, Error> {
    let open = || {
        let scratch = connection::open_temporary()?;
        scratch.pragma_update(None, "cache_size", connection::CACHE_SIZE)?;
        scratch
            .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; BEGIN")?;
        Ok(scratch)
    };
    open().map_err(|source| context.error(ACTION, source))
}

type Rows = Vec<Vec<Value>>;

fn read(connection: &Connection, sample: &Sample) -> rusqlite::Result<Rows> {
    let sql = format!(
        "SELECT {} FROM {} LIMIT {}",
        column_list(&sample.columns),
        quote_identifier(&sample.source),
        sample.most_rows
    );
    let mut statement = connection.prepare(&sql)?;
    let columns = statement.column_count();
    let mut found = statement.query([])?;
    let mut rows = Rows::new();
    while let Some(row) = found.next()? {
        rows.push((0..columns).map(|at| row.get(at)).collect::<rusqlite::Result<_>>()?);
    }
    Ok(rows)
}

/// Makes the cache smaller in the proportion of a sample.
///
/// Work on a sample then misses about the share of pages that work on the whole table misses.
fn shrink_cache(connection: &Connection, share: f64) -> rusqlite::Result<()> {
    let least = f64::from(LEAST_CACHE);
    let kibibytes = (f64::from(connection::CACHE_SIZE.abs()) * share.min(1.0)).max(least);
    connection.pragma_update(None, "cache_size", -(kibibytes as i64))
}

fn write(connection: &Connection, columns: &[String], rows: Rows) -> rusqlite::Result<u64> {
    let marks = vec!["?"; columns.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({marks})",
        quote_identifier(SAMPLE),
        column_list(columns)
    );
    let mut statement = connection.prepare(&sql)?;
    let mut written = 0;
    for row in rows {
        written += statement.execute(params_from_iter(row))? as u64;
    }
    Ok(written)
}

#[async_trait]
impl Calibration for Sqlite {
    async fn begin_calibration(&mut self) -> Result<(), Error> {
        let scratch = self.call(|_, context| open(context)).await?;
        self.scratch = Some(Arc::new(Mutex::new(scratch)));
        Ok(())
    }

    async fn end_calibration(&mut self) -> Result<(), Error> {
        self.scratch = None;
        Ok(())
    }

    async fn create_sample(&mut self, table: &Table) -> Result<(), Error> {
        let mut sql = render::create_table(table);
        for index in &table.indexes {
            sql += ";\n";
            sql += &render::create_index(index, &table.name);
        }
        self.run_on_sample(sql).await
    }

    async fn fill_sample(&mut self, sample: &Sample) -> Result<u64, Error> {
        let share = sample.most_rows as f64 / sample.rows.max(1) as f64;
        let (sample, columns) = (sample.clone(), sample.columns.clone());
        let rows = self
            .call(move |connection, context| {
                read(connection, &sample).map_err(|source| context.error(ACTION, source))
            })
            .await?;
        self.on_sample(move |scratch, context| {
            shrink_cache(scratch, share)
                .and_then(|()| write(scratch, &columns, rows))
                .map_err(|source| context.error(ACTION, source))
        })
        .await
    }

    async fn work(&mut self, work: &Work) -> Result<u64, Error> {
        match work {
            Work::Change(change) | Work::BuildIndexes(change) => {
                let change = change.clone();
                self.on_sample(move |scratch, context| {
                    let (progress, asked) = (Progress::silent(), Asked::new());
                    change::apply(scratch, &change, &progress, &asked, context).map(|_| 0)
                })
                .await
            }
            Work::Update(rows) => {
                let mut update = Query::update();
                update.table(SAMPLE).value(SAMPLED, "sampled").cond_where(rows.clone());
                self.write_sample(QueryStatement::Update(update)).await
            }
            Work::Delete(rows) => {
                let mut delete = Query::delete();
                delete.from_table(SAMPLE).cond_where(rows.clone());
                self.write_sample(QueryStatement::Delete(delete)).await
            }
            Work::Query(query) => self.query_sample(query.clone()).await.map(|_| 0),
            Work::Count(query) => match self.query_sample(query.clone()).await? {
                Some(Scalar::BigInt(Some(count))) => Ok(count.unsigned_abs()),
                _ => Ok(0),
            },
            Work::Check => self.on_sample(integrity::check).await.map(|()| 0),
        }
    }

    async fn sample_size(&mut self) -> Result<TableSize, Error> {
        self.on_sample(|scratch, context| table_size::of(scratch, SAMPLE, context)).await
    }

    async fn drop_sample(&mut self) -> Result<(), Error> {
        self.run_on_sample(format!("DROP TABLE {}", quote_identifier(SAMPLE))).await
    }

    async fn disk_facts(&mut self) -> Result<DiskFacts, Error> {
        let is_wal = self.call(|connection, context| lock::is_wal(connection, context)).await?;
        let log = if is_wal { ChangeLog::TablesAndIndexes } else { ChangeLog::FormerPages };
        let page = self.call(|connection, context| page_size(connection, context)).await?;
        // The sorter takes as much memory as the cache. About half of it holds keys.
        let sort_memory = u64::from(connection::CACHE_SIZE.unsigned_abs()) * 1024 / 2;
        Ok(DiskFacts {
            log,
            page,
            log_room: 0,
            log_limit: None,
            sort_memory,
            frees_truncated: false,
        })
    }

    /// Returns nothing: only the COMMIT of the upgrade waits for the disk.
    async fn flushing(&mut self) -> Result<Option<Flushing>, Error> {
        Ok(None)
    }
}
