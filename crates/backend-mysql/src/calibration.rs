//! Measures work on samples, in temporary tables of this session.
//!
//! A temporary table would hide a table of the same name, so the sample has a name of its own.

mod index_builds;

use async_trait::async_trait;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::{
    Calibration, ChangeLog, DiskFacts, Flushing, SAMPLE, SAMPLED, Sample, TableSize, Work,
};
use mlflow_migrate_core::schema::Table;
use sea_query::{MysqlQueryBuilder, Query};

use crate::database::Mysql;
use crate::quoting::quote;
use crate::text_protocol::{self, TextRow, cell};
use crate::{change, flushing, render};

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
        Ok(Self::read(&found))
    }

    /// Reads the server's variables.
    fn read(variables: &[TextRow]) -> Self {
        let value = |name: &str| {
            let row = variables.iter().find(|row| cell(row, 0).eq_ignore_ascii_case(name));
            row.map(|row| cell(row, 1).to_ascii_uppercase())
        };
        let is_on = |name: &str| value(name).is_none_or(|value| value == "ON");
        Self {
            is_on: is_on("log_bin") && is_on("sql_log_bin"),
            holds_rows: value("binlog_format").is_none_or(|format| format == "ROW"),
        }
    }

    /// Returns whether replicas would repeat the statements of a calibration.
    fn would_repeat(&self) -> bool {
        self.is_on && !self.holds_rows
    }
}

impl Mysql {
    async fn write(&mut self, sql: String) -> Result<u64, Error> {
        let written = text_protocol::run(&mut self.connection, sql).await;
        written.map_err(|source| self.context.error(ACTION, source))
    }

    /// Returns the number that a query finds; 0 for NULL.
    async fn number(&mut self, sql: String) -> Result<u64, Error> {
        let found = text_protocol::value_of_tables(&mut self.connection, sql).await;
        let found = found.map_err(|source| self.context.error(ACTION, source))?;
        Ok(found.and_then(|number| number.parse().ok()).unwrap_or_default())
    }
}

#[async_trait]
impl Calibration for Mysql {
    /// Fails where replicas would repeat the statements.
    async fn begin_calibration(&mut self) -> Result<(), Error> {
        let log = BinaryLog::of(self).await?;
        if log.would_repeat() {
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
        self.run(ACTION, &index_builds::cleanup()).await?;
        let sql = format!("DROP TEMPORARY TABLE IF EXISTS {}", quote(SAMPLE));
        self.run(ACTION, &sql).await
    }

    async fn create_sample(&mut self, table: &Table) -> Result<(), Error> {
        let create = render::create_temporary_table(table, &self.features);
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
        self.write(sql).await
    }

    async fn work(&mut self, work: &Work) -> Result<u64, Error> {
        match work {
            Work::Change(change) => {
                for statement in change::describe(change, false, &self.features)?.statements {
                    self.run(ACTION, &statement).await?;
                }
                Ok(0)
            }
            Work::BuildIndexes(change) => {
                let mut bytes = 0;
                for build in index_builds::of(change, &self.features) {
                    for statement in &build.statements {
                        self.run(ACTION, statement).await?;
                    }
                    bytes += self.number(build.size).await?;
                    if !build.statements.is_empty() {
                        self.run(ACTION, &index_builds::cleanup()).await?;
                    }
                }
                Ok(bytes)
            }
            Work::Update(rows) => {
                let mut update = Query::update();
                update.table(SAMPLE).value(SAMPLED, "sampled").cond_where(rows.clone());
                self.write(update.to_string(MysqlQueryBuilder)).await
            }
            Work::Delete(rows) => {
                let mut delete = Query::delete();
                delete.from_table(SAMPLE).cond_where(rows.clone());
                self.write(delete.to_string(MysqlQueryBuilder)).await
            }
            Work::Query(query) => {
                let sql = query.to_string(MysqlQueryBuilder);
                let read = text_protocol::rows_of_tables(&mut self.connection, sql).await;
                read.map(|_| 0).map_err(|source| self.context.error(ACTION, source))
            }
            Work::Count(query) => self.number(query.to_string(MysqlQueryBuilder)).await,
            Work::Check => Ok(0),
        }
    }

    /// Returns nothing: the server's catalogue does not list temporary tables.
    async fn sample_size(&mut self) -> Result<TableSize, Error> {
        Ok(TableSize::default())
    }

    async fn drop_sample(&mut self) -> Result<(), Error> {
        self.run(ACTION, &format!("DROP TEMPORARY TABLE {}", quote(SAMPLE))).await
    }

    /// InnoDB's redo log has a fixed size, and its undo log is reused soon.
    async fn disk_facts(&mut self) -> Result<DiskFacts, Error> {
        let is_logged = BinaryLog::of(self).await?.is_on;
        let log = if is_logged { ChangeLog::Rows } else { ChangeLog::Nothing };
        let sql = "SELECT @@innodb_sort_buffer_size";
        let found = text_protocol::value(&mut self.connection, sql).await;
        let found = found.map_err(|source| self.context.error(ACTION, source))?;
        let sort_memory = found.and_then(|bytes| bytes.parse().ok()).unwrap_or_default();
        Ok(DiskFacts {
            log,
            page: 0,
            log_room: 0,
            log_limit: None,
            sort_memory,
            frees_truncated: true,
        })
    }

    async fn flushing(&mut self) -> Result<Option<Flushing>, Error> {
        let is_logged = BinaryLog::of(self).await?.is_on;
        flushing::of(&mut self.connection, is_logged, &self.context).await.map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::BinaryLog;

    #[test]
    fn replicas_repeat_what_a_log_of_statements_holds() {
        for (log_bin, sql_log_bin, format, expected) in [
            ("ON", "ON", "ROW", false),
            ("ON", "ON", "STATEMENT", true),
            ("ON", "ON", "MIXED", true),
            ("ON", "OFF", "STATEMENT", false),
            ("OFF", "ON", "STATEMENT", false),
        ] {
            let variables =
                [("log_bin", log_bin), ("sql_log_bin", sql_log_bin), ("binlog_format", format)];
            let rows: Vec<_> = variables
                .iter()
                .map(|(name, value)| vec![Some((*name).to_owned()), Some((*value).to_owned())])
                .collect();
            assert_eq!(BinaryLog::read(&rows).would_repeat(), expected, "{variables:?}");
        }
        assert!(!BinaryLog::read(&[]).would_repeat());
    }
}
