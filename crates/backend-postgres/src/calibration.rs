//! Measures work on samples, in temporary tables of a transaction that is rolled back.
//!
//! The session's search path holds the temporary schema only, so no statement can name a table of
//! the database by accident.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Calibration, DiskFacts, Flushing, SAMPLE, SAMPLED, Sample, TableSize, Work,
};
use mlflow_migrate_core::schema::Table;
use sea_query::{PostgresQueryBuilder, Query};

use crate::database::Postgres;
use crate::render::{self, column_list, quote_identifier};
use crate::{change, log_space, session, statements};

const ACTION: &str = "measuring a sample";

#[async_trait]
impl Calibration for Postgres {
    async fn begin_calibration(&mut self) -> Result<(), Error> {
        session::begin_calibration(self).await
    }

    async fn end_calibration(&mut self) -> Result<(), Error> {
        session::rollback(self).await
    }

    async fn create_sample(&mut self, table: &Table) -> Result<(), Error> {
        statements::define(self, render::create_temporary_table(table), ACTION).await?;
        for index in &table.indexes {
            statements::define(self, render::create_index(index, &table.name), ACTION).await?;
        }
        Ok(())
    }

    async fn fill_sample(&mut self, sample: &Sample) -> Result<u64, Error> {
        let columns = column_list(&sample.columns);
        let source =
            format!("{}.{}", quote_identifier(&self.schema), quote_identifier(&sample.source));
        // Pages from everywhere, as many as hold the rows.
        let share = sample.most_rows as f64 / sample.rows.max(1) as f64;
        let pages = if share < 0.5 {
            format!(" TABLESAMPLE SYSTEM ({})", share * 120.0)
        } else {
            String::new()
        };
        let sql = format!(
            "INSERT INTO {} ({columns}) SELECT {columns} FROM {source}{pages} LIMIT {}",
            quote_identifier(SAMPLE),
            sample.most_rows
        );
        statements::run(self, sql, ACTION).await?;
        let counted = format!("SELECT count(*) FROM {}", quote_identifier(SAMPLE));
        Ok(statements::count(self, counted, ACTION).await?.unsigned_abs())
    }

    async fn work(&mut self, work: &Work) -> Result<u64, Error> {
        match work {
            Work::Change(change) | Work::BuildIndexes(change) => {
                for statement in change::describe(change)?.statements {
                    statements::define(self, statement, ACTION).await?;
                }
                Ok(0)
            }
            Work::Update(rows) => {
                let mut update = Query::update();
                update.table(SAMPLE).value(SAMPLED, "sampled").cond_where(rows.clone());
                statements::write(self, update.to_string(PostgresQueryBuilder), ACTION).await
            }
            Work::Delete(rows) => {
                let mut delete = Query::delete();
                delete.from_table(SAMPLE).cond_where(rows.clone());
                statements::write(self, delete.to_string(PostgresQueryBuilder), ACTION).await
            }
            Work::Query(query) => {
                statements::run(self, query.to_string(PostgresQueryBuilder), ACTION).await?;
                Ok(0)
            }
            Work::Count(query) => {
                let sql = query.to_string(PostgresQueryBuilder);
                Ok(statements::count(self, sql, ACTION).await?.unsigned_abs())
            }
            Work::Check => Ok(0),
        }
    }

    async fn sample_size(&mut self) -> Result<TableSize, Error> {
        let sql = format!(
            "SELECT pg_total_relation_size(c.oid), pg_indexes_size(c.oid) FROM pg_class AS c \
             WHERE c.oid = to_regclass('pg_temp.{SAMPLE}')"
        );
        let sizes = statements::numbers(self, sql, ACTION).await?;
        let size = |at: usize| sizes.get(at).map(|bytes| bytes.unsigned_abs());
        Ok(TableSize { rows: 0, bytes: size(0), index_bytes: size(1) })
    }

    async fn drop_sample(&mut self) -> Result<(), Error> {
        statements::define(self, format!("DROP TABLE {}", quote_identifier(SAMPLE)), ACTION).await
    }

    async fn disk_facts(&mut self) -> Result<DiskFacts, Error> {
        log_space::measure(self).await
    }

    /// Returns nothing: only the COMMIT of the upgrade waits for the disk.
    async fn flushing(&mut self) -> Result<Option<Flushing>, Error> {
        Ok(None)
    }
}
