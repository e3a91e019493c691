//! The schemas that MLflow's own migrations make, and the model's schemas in the same words.
//!
//! The files in `tests/reference` hold one JSON line for each state that MLflow 3.18.0's chain goes
//! through, read off a live server's own catalogue by `tests/oracle/schema_dump.py`. Each server
//! describes itself in its own way: PostgreSQL by the statements that would make an object, MySQL
//! by `information_schema`. So it is the model that is converted into the server's words here, not
//! the other way round.

mod compare;
mod mysql;
mod postgres;
mod sqlite;
mod text;

use std::io::{self, BufRead, BufReader};

use flate2::read::GzDecoder;
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::schema::platform::{Dialect, Platform};
use mlflow_migrate_core::schema::{Schema, Table, varchar};
use serde_json::{Map, Value};

pub use compare::differences;

/// The tables of one state, each described in the words of its server.
pub type Description = Map<String, Value>;

/// A server whose states are on file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// SQLite.
    Sqlite,
    /// PostgreSQL 15.
    Postgres,
    /// MySQL 9.7, its default character set utf8mb4.
    Mysql,
    /// MySQL 5.7: like 9.7, but it keeps neither CHECKs nor descending columns of indexes.
    Mysql57,
    /// MariaDB 10.11, its default character set utf8mb4.
    Mariadb,
    /// MySQL 5.6, up to the last state that it can reach.
    Mysql56,
}

impl Server {
    /// Every server.
    pub const ALL: [Self; 6] =
        [Self::Sqlite, Self::Postgres, Self::Mysql, Self::Mysql57, Self::Mariadb, Self::Mysql56];

    /// What core knows of the server.
    #[must_use]
    pub fn platform(self) -> Platform {
        match self {
            Self::Sqlite => Platform::SQLITE,
            Self::Postgres => Platform::POSTGRES,
            Self::Mysql => Platform::MYSQL_8,
            Self::Mysql57 => Platform::MYSQL_5_7,
            Self::Mariadb => Platform::MARIADB,
            Self::Mysql56 => Platform::MYSQL_5_6,
        }
    }

    fn file(self) -> &'static [u8] {
        match self {
            Self::Sqlite => include_bytes!("../../reference/sqlite.jsonl.gz"),
            Self::Postgres => include_bytes!("../../reference/postgres-15.jsonl.gz"),
            Self::Mysql | Self::Mysql57 => include_bytes!("../../reference/mysql-9.7.jsonl.gz"),
            Self::Mariadb => include_bytes!("../../reference/mariadb-10.11.jsonl.gz"),
            Self::Mysql56 => include_bytes!("../../reference/mysql-5.6.jsonl.gz"),
        }
    }

    /// The states on file: each one's revision (`None`: base) and its tables.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn states(self) -> io::Result<Vec<(Option<String>, Description)>> {
        self.states_in(self.file())
    }

    /// The states of the auth app on file; none where it cannot be.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn auth_states(self) -> io::Result<Vec<(Option<String>, Description)>> {
        match self {
            Self::Sqlite => self.states_in(include_bytes!("../../reference/auth-sqlite.jsonl.gz")),
            Self::Postgres => {
                self.states_in(include_bytes!("../../reference/auth-postgres-15.jsonl.gz"))
            }
            Self::Mysql | Self::Mysql57 | Self::Mariadb | Self::Mysql56 => Ok(Vec::new()),
        }
    }

    fn states_in(self, file: &[u8]) -> io::Result<Vec<(Option<String>, Description)>> {
        BufReader::new(GzDecoder::new(file))
            .lines()
            .map(|line| {
                let mut state: Value = serde_json::from_str(&line?)?;
                let revision = state["revision"].as_str().map(ToOwned::to_owned);
                match state["schema"].take() {
                    Value::Object(mut tables) => {
                        if self == Self::Mysql57 {
                            tables.values_mut().for_each(mysql::as_5_7_keeps_it);
                        }
                        Ok((revision, tables))
                    }
                    other => Err(io::Error::other(format!("{other} is no schema"))),
                }
            })
            .collect()
    }
}

/// Describes the tracking store's states in the words of a server of this platform.
#[must_use]
pub fn describe(
    states: &[(Option<String>, Schema)],
    platform: &Platform,
) -> Vec<(Option<String>, Description)> {
    describe_graph(GraphName::Tracking, states, platform)
}

/// Describes a graph's states in the words of a server of this platform.
#[must_use]
pub fn describe_graph(
    graph: GraphName,
    states: &[(Option<String>, Schema)],
    platform: &Platform,
) -> Vec<(Option<String>, Description)> {
    states
        .iter()
        .map(|(revision, schema)| {
            let mut schema = schema.clone();
            if revision.is_some() {
                schema.insert(version_table(graph));
            }
            let description = match platform.dialect {
                Dialect::Sqlite => sqlite::describe(&schema),
                Dialect::Postgres => postgres::describe(&schema),
                Dialect::Mysql => mysql::describe(&schema, platform),
            };
            (revision.clone(), description)
        })
        .collect()
}

/// Alembic makes this table before the first revision.
fn version_table(graph: GraphName) -> Table {
    let name = graph.version_table().name();
    Table::new(name)
        .column(varchar("version_num", 32).not_null())
        .primary_key(&format!("{name}_pkc"), &["version_num"])
}
