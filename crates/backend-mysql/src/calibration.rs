//! Measures work on samples, in temporary tables of this session.
//!
//! A temporary table would hide a table of the same name, so the sample has a name of its own.

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Calibration, ChangeLog, SAMPLE, SAMPLED, Sample, TableSize, Work,
};
use mlflow_migrate_core::schema::Table;
use sea_query::MysqlQueryBuilder;

use crate::database::Mysql;
use crate::quoting::quote;
use crate::text_protocol::{self, cell};
use crate::{change, render};

const ACTION: &str = "measuring a sample";

const LOG: &str =
    "SHOW VARIABLES WHERE Variable_name IN ('log_bin', 'sql_log_bin', 'binlog_format')";

/// How the binary log of a server works.
struct BinaryLog {
    is_on: bool,
    /// Whether the log holds rows, and so no statement of a temporary table.
    holds_rows: bool,
}

impl BinaryLog {
    async fn of(database: &mut Mysql) -> Result<Self, Error> {
        let found = text_protocol::rows(&mut database.connection, LOG).await;
        let found = found.map_err(|source| database.context.error(ACTION, source))?;
        let value = |name: &str| {
            let row = found.iter().find(|row| cell(row, 0).eq_ignore_ascii_case(name));
            row.map(|row| cell(row, 1).to_ascii_uppercase())
        };
        let is_on = |name: &str| value(name).is_none_or(|value| value == "ON");
        Ok(Self {
            is_on: is_on("log_bin") && is_on("sql_log_bin"),
            holds_rows: value("binlog_format").is_none_or(|format| format == "ROW"),
        })
    }
}

#[async_trait]
impl Calibration for Mysql {
    fn copies_samples(&self) -> bool {
        true
    }

    /// Fails where replicas would repeat the statements.
    async fn begin_calibration(&mut self) -> Result<(), Error> {
        let log = BinaryLog::of(self).await?;
        if log.is_on && !log.holds_rows {
            return Err(Error::ServerLimit {
                name: self.context.name.clone(),
                problem: "the binary log would hold the statements of temporary tables, since \
                          binlog_format is not ROW"
                    .to_owned(),
                remedy: "set binlog_format to ROW".into(),
            });
        }
        Ok(())
    }

    async fn end_calibration(&mut self) -> Result<(), Error> {
        let sql = format!("DROP TEMPORARY TABLE IF EXISTS {}", quote(SAMPLE));
        self.run(ACTION, &sql).await
    }

    async fn create_sample(&mut self, table: &Table) -> Result<(), Error> {
        let create = render::create_table(table, &self.features);
        let create = create.replacen("CREATE TABLE", "CREATE TEMPORARY TABLE", 1);
        self.run(ACTION, &create).await
    }

    async fn fill_sample(&mut self, sample: &Sample) -> Result<u64, Error> {
        let columns: Vec<String> = sample.columns.iter().map(|column| quote(column)).collect();
        let columns = columns.join(", ");
        let sql = format!(
            "INSERT INTO {} ({columns}) SELECT {columns} FROM {} LIMIT {}",
            quote(SAMPLE),
            quote(&sample.source),
            sample.most_rows
        );
        let filled = text_protocol::run(&mut self.connection, sql).await;
        filled.map_err(|source| self.context.error(ACTION, source))
    }

    async fn work(&mut self, work: &Work) -> Result<(), Error> {
        let sample = quote(SAMPLE);
        match work {
            Work::Change(change) => {
                for statement in change::describe(change, false, &self.features)?.statements {
                    self.run(ACTION, &statement).await?;
                }
                Ok(())
            }
            Work::Update => {
                let sql = format!("UPDATE {sample} SET {SAMPLED} = 'sampled'");
                self.run(ACTION, &sql).await
            }
            Work::Delete => self.run(ACTION, &format!("DELETE FROM {sample}")).await,
            Work::Query(query) => {
                let sql = query.to_string(MysqlQueryBuilder);
                let read = text_protocol::rows_of_tables(&mut self.connection, sql).await;
                read.map(|_| ()).map_err(|source| self.context.error(ACTION, source))
            }
            Work::Check => Ok(()),
        }
    }

    /// Returns nothing: the server's catalogue does not list temporary tables.
    async fn sample_size(&mut self) -> Result<TableSize, Error> {
        Ok(TableSize::default())
    }

    async fn drop_sample(&mut self) -> Result<(), Error> {
        self.run(ACTION, &format!("DROP TEMPORARY TABLE {}", quote(SAMPLE))).await
    }

    async fn change_log(&mut self) -> Result<ChangeLog, Error> {
        let log = BinaryLog::of(self).await?;
        Ok(if log.is_on { ChangeLog::Rows } else { ChangeLog::Nothing })
    }
}
