//! Measures work on samples, in a temporary database of SQLite's own.
//!
//! The user's file is only read: rows travel through the program into a file without a name, which
//! SQLite removes with its connection.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Calibration, ChangeLog, SAMPLE, SAMPLED, Sample, TableSize, Work,
};
use mlflow_migrate_core::event::Progress;
use mlflow_migrate_core::schema::Table;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::change::Asked;
use crate::database::Sqlite;
use crate::ddl::quote_identifier;
use crate::error::Context;
use crate::preflight::integrity;
use crate::render::{self, column_list};
use crate::{change, connection, lock, rows, table_size};

const ACTION: &str = "measuring a sample";

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
    fn copies_samples(&self) -> bool {
        false
    }

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
        let (sample, columns) = (sample.clone(), sample.columns.clone());
        let rows = self
            .call(move |connection, context| {
                read(connection, &sample).map_err(|source| context.error(ACTION, source))
            })
            .await?;
        self.on_sample(move |scratch, context| {
            write(scratch, &columns, rows).map_err(|source| context.error(ACTION, source))
        })
        .await
    }

    async fn work(&mut self, work: &Work) -> Result<(), Error> {
        let sample = quote_identifier(SAMPLE);
        match work {
            Work::Change(change) => {
                let change = change.clone();
                self.on_sample(move |scratch, context| {
                    let (progress, asked) = (Progress::silent(), Asked::new());
                    change::apply(scratch, &change, &progress, &asked, context).map(|_| ())
                })
                .await
            }
            Work::Update => {
                self.run_on_sample(format!("UPDATE {sample} SET {SAMPLED} = 'sampled'")).await
            }
            Work::Delete => self.run_on_sample(format!("DELETE FROM {sample}")).await,
            Work::Query(query) => {
                let query = query.clone();
                self.on_sample(move |scratch, context| {
                    rows::query(scratch, &query, context).map(|_| ())
                })
                .await
            }
            Work::Check => self.on_sample(integrity::check).await,
        }
    }

    async fn sample_size(&mut self) -> Result<TableSize, Error> {
        self.on_sample(|scratch, context| table_size::of(scratch, SAMPLE, context)).await
    }

    async fn drop_sample(&mut self) -> Result<(), Error> {
        self.run_on_sample(format!("DROP TABLE {}", quote_identifier(SAMPLE))).await
    }

    async fn change_log(&mut self) -> Result<ChangeLog, Error> {
        let is_wal = self.call(|connection, context| lock::is_wal(connection, context)).await?;
        Ok(if is_wal { ChangeLog::TablesAndIndexes } else { ChangeLog::FormerPages })
    }
}
