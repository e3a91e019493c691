//! Databases on MySQL and MariaDB for tests.

pub mod way_out;

use async_trait::async_trait;
use mlflow_migrate_backend_mysql::{Mysql, OpenOptions, SystemAuthorities};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use sqlx::mysql::{MySql, MySqlConnectOptions, MySqlConnection, MySqlRow, MySqlSslMode};
use sqlx::{AssertSqlSafe, Column, Connection, Decode, Row, Type, TypeInfo, ValueRef};

use crate::address::Address;
use crate::database::{Cell, TestDatabase, Waits};
use crate::reference::Server;
use crate::unique::next_name;
use crate::wait;
use way_out::{WayOut, lead_out};

/// How many rows of a table this tool copies at a time in tests: few, so that it takes several ranges.
pub const RANGE_ROWS: u32 = 700;

/// A database of its own, dropped with this value.
#[derive(Debug)]
pub struct MysqlDatabase {
    address: Address,
    server: Server,
}

impl MysqlDatabase {
    /// An empty database in a character set.
    #[must_use]
    pub fn new(maintenance: &Address, server: Server, charset: &str) -> Self {
        let name = next_name();
        run(maintenance, &format!("CREATE DATABASE {name} CHARACTER SET {charset}"));
        Self { address: maintenance.of_database(&name).unencrypted(), server }
    }
}

impl Drop for MysqlDatabase {
    /// Holds the database to [`way_out`] first.
    #[allow(clippy::panic, reason = "this is an assertion")]
    fn drop(&mut self) {
        let is_failing = std::thread::panicking();
        let led_out =
            if is_failing { Ok(WayOut::NotFenced) } else { wait(lead_out(&self.address)) };
        let sql = format!(
            "SET lock_wait_timeout = 10; DROP DATABASE IF EXISTS {}",
            self.address.database
        );
        // A server that is gone takes its databases along.
        let _ = wait(fetch(&self.address, &sql));
        if let Err(problem) = led_out {
            panic!("{problem}");
        }
    }
}

#[async_trait]
impl TestDatabase for MysqlDatabase {
    fn server(&self) -> Server {
        self.server
    }

    fn address(&self) -> Option<&Address> {
        Some(&self.address)
    }

    async fn connect(&self) -> Result<Box<dyn Backend>, Error> {
        open(&self.address, Waits::default()).await
    }

    fn copy(&self) -> Option<Box<dyn TestDatabase>> {
        None
    }

    fn run(&self, sql: &str) {
        run(&self.address, sql);
    }

    fn run_unchecked(&self, sql: &str) {
        run(&self.address, &format!("SET foreign_key_checks = 0; {sql}"));
    }

    fn query(&self, sql: &str) -> Vec<Vec<Cell>> {
        query(&self.address, sql)
    }

    fn contents(&self) -> Vec<u8> {
        let mut contents = format!("{:?}\n", self.query(DATABASE));
        for (kind, objects) in OBJECTS {
            for object in self.query(objects).iter().filter_map(|row| row.first()) {
                let Cell::Text(name) = object else { continue };
                let quoted = format!("\"{}\"", name.replace('"', "\"\""));
                let definition = self.query(&format!("SHOW CREATE {kind} {quoted}"));
                contents += &format!("{kind} {name}: {definition:?}\n");
                if kind == "TABLE" {
                    let mut rows = self.query(&format!("SELECT * FROM {quoted}"));
                    rows.sort();
                    contents += &format!("{rows:?}\n");
                }
            }
        }
        contents.into_bytes()
    }
}

/// Opens a new connection of this tool.
///
/// # Errors
/// Whatever the backend says.
pub async fn open(address: &Address, waits: Waits) -> Result<Box<dyn Backend>, Error> {
    let mut options = OpenOptions::default();
    options.lock_timeout = waits.table;
    options.lock_wait = waits.upgrader;
    // The built binary, which has tests of its own, leaves small tables to the server.
    options.swap_from_rows = 0;
    options.range_rows = RANGE_ROWS;
    // The environment of a test is that of all others in the process.
    options.system_authorities = SystemAuthorities::Added;
    Ok(Box::new(Mysql::connect(&address.server_url(), &options).await?))
}

/// Runs SQL statements.
///
/// # Panics
/// If one of them is refused.
pub fn run(address: &Address, sql: &str) {
    query(address, sql);
}

/// Runs a query.
///
/// # Panics
/// If it is refused.
#[allow(clippy::panic, reason = "a test's own SQL is right, or the test is wrong")]
pub fn query(address: &Address, sql: &str) -> Vec<Vec<Cell>> {
    wait(fetch(address, sql)).unwrap_or_else(|error| panic!("{error}: {sql}"))
}

/// Runs a query that a server may refuse for what other sessions do.
///
/// # Errors
/// If it is refused.
pub fn attempt(address: &Address, sql: &str) -> Result<Vec<Vec<Cell>>, sqlx::Error> {
    wait(fetch(address, sql))
}

/// What a server says that it is.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    is_mariadb: bool,
    major: u32,
    minor: u32,
}

impl Version {
    pub(crate) fn ask(address: &Address) -> Result<Self, String> {
        let rows = wait(fetch(address, "SELECT VERSION()"));
        let rows = rows.map_err(|error| format!("{}:{}: {error}", address.host, address.port))?;
        match rows.first().map(Vec::as_slice) {
            Some([Cell::Text(version)]) => {
                Self::parse(version).ok_or_else(|| format!("{version} is no version"))
            }
            other => Err(format!("{other:?} is no version")),
        }
    }

    fn parse(version: &str) -> Option<Self> {
        // MariaDB puts a version of MySQL before its own where old clients would not know better.
        let own = version.strip_prefix("5.5.5-").unwrap_or(version);
        let mut numbers = own.split(|one: char| !one.is_ascii_digit());
        let mut number = || numbers.next()?.parse().ok();
        Some(Self { is_mariadb: version.contains("MariaDB"), major: number()?, minor: number()? })
    }

    pub(crate) fn reference(&self) -> Server {
        match (self.is_mariadb, self.major, self.minor) {
            (true, ..) => Server::Mariadb,
            (false, 5, 0..=6) => Server::Mysql56,
            (false, 5, _) => Server::Mysql57,
            (false, ..) => Server::Mysql,
        }
    }

    /// The server in utf8mb4, and in latin1 where that is what it takes unless told otherwise:
    /// MySQL before 8.0 and MariaDB before 11.6. In MySQL 5.6 keys in utf8mb4 do not fit.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (String, &'static str)> {
        let product = if self.is_mariadb { "mariadb" } else { "mysql" };
        let name = format!("{product}-{}.{}", self.major, self.minor);
        let latin1 = (format!("{name}-latin1"), "latin1");
        let is_latin1_by_default = match self.is_mariadb {
            true => (self.major, self.minor) < (11, 6),
            false => self.major < 8,
        };
        let entries = match (self.reference(), is_latin1_by_default) {
            (Server::Mysql56, _) => vec![(name, "latin1")],
            (_, true) => vec![(name, "utf8mb4"), latin1],
            (_, false) => vec![(name, "utf8mb4")],
        };
        entries.into_iter()
    }
}

/// Connects outside of this tool. Identifiers stand in double quotes and a backslash is nothing
/// special, as on other servers.
///
/// # Errors
/// If the server does not let one in.
pub async fn connect(address: &Address) -> Result<MySqlConnection, sqlx::Error> {
    let mut options = MySqlConnectOptions::new()
        .host(&address.host)
        .port(address.port)
        .username(&address.user)
        .ssl_mode(MySqlSslMode::Disabled);
    if let Some(password) = &address.password {
        options = options.password(password);
    }
    if !address.database.is_empty() {
        options = options.database(&address.database);
    }
    let mut connection = MySqlConnection::connect_with(&options).await?;
    let mode = "SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,STRICT_ALL_TABLES,\
                NO_ENGINE_SUBSTITUTION'";
    sqlx::raw_sql(mode).execute(&mut connection).await?;
    Ok(connection)
}

async fn fetch(address: &Address, sql: &str) -> Result<Vec<Vec<Cell>>, sqlx::Error> {
    let mut connection = connect(address).await?;
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await?;
    connection.close().await?;
    rows.iter().map(cells).collect()
}

/// A statement without parameters answers in text.
fn cells(row: &MySqlRow) -> Result<Vec<Cell>, sqlx::Error> {
    row.columns()
        .iter()
        .map(|column| {
            let value = row.try_get_raw(column.ordinal())?;
            if value.is_null() {
                return Ok(Cell::Null);
            }
            let type_info = value.type_info().into_owned();
            let name = type_info.name();
            let is_text = name == "JSON" || <String as Type<MySql>>::compatible(&type_info);
            let bytes =
                <Vec<u8> as Decode<'_, MySql>>::decode(value).map_err(sqlx::Error::Decode)?;
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let number = match name {
                "BOOLEAN" | "DECIMAL" => text.parse().map(Cell::Integer).ok(),
                _ if name.contains("INT") => text.parse().map(Cell::Integer).ok(),
                "FLOAT" => text.parse::<f32>().map(|value| Cell::from(f64::from(value))).ok(),
                "DOUBLE" => text.parse::<f64>().map(Cell::from).ok(),
                _ if name.contains("BLOB") || name.contains("BINARY") => {
                    (!is_text).then_some(Cell::Blob(bytes))
                }
                _ => None,
            };
            Ok(number.unwrap_or(Cell::Text(text)))
        })
        .collect()
}

const DATABASE: &str = "SELECT default_character_set_name, default_collation_name \
    FROM information_schema.schemata WHERE schema_name = DATABASE()";

/// The names of the objects of each kind.
const OBJECTS: [(&str, &str); 4] = [
    (
        "TABLE",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
         AND table_type = 'BASE TABLE' ORDER BY 1",
    ),
    (
        "VIEW",
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
         AND table_type = 'VIEW' ORDER BY 1",
    ),
    (
        "TRIGGER",
        "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = DATABASE() \
         ORDER BY 1",
    ),
    (
        "PROCEDURE",
        "SELECT routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() \
         AND routine_type = 'PROCEDURE' ORDER BY 1",
    ),
];
