//! Databases on PostgreSQL for tests.

use async_trait::async_trait;
use mlflow_migrate_backend_postgres::{OpenOptions, Postgres, SystemAuthorities};
use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::Backend;
use sqlx::postgres::{PgConnectOptions, PgRow, PgSslMode, PgValueRef};
use sqlx::{AssertSqlSafe, Column, Connection, PgConnection, Row, TypeInfo, ValueRef};

use crate::address::Address;
use crate::database::{Cell, TestDatabase, Waits};
use crate::reference::Server;
use crate::unique::next_name;
use crate::wait;

/// A database of its own, dropped with this value.
#[derive(Debug)]
pub struct PostgresDatabase {
    address: Address,
    maintenance: Address,
}

impl PostgresDatabase {
    /// An empty database.
    #[must_use]
    pub fn new(maintenance: &Address) -> Self {
        // What is sorted here comes in one order, whatever the server's locale is.
        Self::from_template(maintenance, "template0 ENCODING 'UTF8' LC_COLLATE 'C'")
    }

    fn from_template(maintenance: &Address, template: &str) -> Self {
        let name = next_name();
        run(maintenance, &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        let address = maintenance.of_database(&name).unencrypted();
        Self { address, maintenance: maintenance.clone() }
    }
}

impl Drop for PostgresDatabase {
    fn drop(&mut self) {
        // A server that is gone takes its databases along.
        let _ = drop_database(&self.maintenance, &self.address.database);
    }
}

#[async_trait]
impl TestDatabase for PostgresDatabase {
    fn server(&self) -> Server {
        Server::Postgres
    }

    fn address(&self) -> Option<&Address> {
        Some(&self.address)
    }

    async fn connect(&self) -> Result<Box<dyn Backend>, Error> {
        open(&self.address, Waits::default()).await
    }

    fn copy(&self) -> Option<Box<dyn TestDatabase>> {
        Some(Box::new(Self::from_template(&self.maintenance, &self.address.database)))
    }

    fn run(&self, sql: &str) {
        run(&self.address, sql);
    }

    fn run_unchecked(&self, sql: &str) {
        run(&self.address, &format!("SET session_replication_role = replica; {sql}"));
    }

    fn query(&self, sql: &str) -> Vec<Vec<Cell>> {
        query(&self.address, sql)
    }

    fn contents(&self) -> Vec<u8> {
        let mut contents = String::new();
        for part in OBJECTS {
            contents += &format!("{part}: {:?}\n", self.query(part));
        }
        for row in self.query(TABLES) {
            if let [Cell::Text(table)] = row.as_slice() {
                let rows = self.query(&format!("SELECT t::text FROM {table} t ORDER BY 1"));
                contents += &format!("{table}: {rows:?}\n");
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
    // The environment of a test is that of all others in the process.
    options.system_authorities = SystemAuthorities::Added;
    Ok(Box::new(Postgres::connect(&address.server_url(), &options).await?))
}

/// Drops a database, whoever is connected to it.
///
/// # Errors
/// If the server refuses that.
pub fn drop_database(maintenance: &Address, name: &str) -> Result<(), sqlx::Error> {
    let drop_it = format!("DROP DATABASE IF EXISTS \"{}\"", name.replace('"', "\"\""));
    // PostgreSQL 12 has no FORCE yet.
    if wait(fetch(maintenance, &format!("{drop_it} WITH (FORCE)"))).is_ok() {
        return Ok(());
    }
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
    wait(fetch(maintenance, &format!("{end} = '{}'", name.replace('\'', "''"))))?;
    wait(fetch(maintenance, &drop_it)).map(drop)
}

/// Runs SQL statements, each of them in a transaction with the ones before it.
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

/// The part of the server's version that names its catalogue.
pub(crate) fn major_version(address: &Address) -> Result<String, String> {
    let rows = wait(fetch(address, "SHOW server_version"));
    let rows = rows.map_err(|error| format!("{}:{}: {error}", address.host, address.port))?;
    match rows.first().map(Vec::as_slice) {
        Some([Cell::Text(version)]) => {
            Ok(version.chars().take_while(char::is_ascii_digit).collect())
        }
        other => Err(format!("{other:?} is no version")),
    }
}

/// Connects outside of this tool.
///
/// # Errors
/// If the server does not let one in.
pub async fn connect(address: &Address) -> Result<PgConnection, sqlx::Error> {
    let options = PgConnectOptions::new_without_pgpass()
        .host(&address.host)
        .port(address.port)
        .username(&address.user)
        .password(address.password.as_deref().unwrap_or_default())
        .database(&address.database)
        .ssl_mode(PgSslMode::Disable);
    PgConnection::connect_with(&options).await
}

async fn fetch(address: &Address, sql: &str) -> Result<Vec<Vec<Cell>>, sqlx::Error> {
    let mut connection = connect(address).await?;
    let rows = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_all(&mut connection).await?;
    connection.close().await?;
    rows.iter().map(cells).collect()
}

fn cells(row: &PgRow) -> Result<Vec<Cell>, sqlx::Error> {
    row.columns().iter().map(|column| cell(&row.try_get_raw(column.ordinal())?)).collect()
}

/// A statement without parameters answers in text.
fn cell(value: &PgValueRef<'_>) -> Result<Cell, sqlx::Error> {
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let text = value.as_str().map_err(sqlx::Error::Decode)?;
    let number = |text: &str| text.parse().map(Cell::Integer).ok();
    let parsed = match value.type_info().name() {
        "BOOL" => Some(Cell::Integer(i64::from(text == "t"))),
        "INT2" | "INT4" | "INT8" | "NUMERIC" | "OID" => number(text),
        "FLOAT4" | "FLOAT8" => text.parse::<f64>().map(Cell::from).ok(),
        "BYTEA" => text.strip_prefix("\\x").and_then(bytes),
        _ => None,
    };
    Ok(parsed.unwrap_or_else(|| Cell::from(text)))
}

fn bytes(hexadecimal: &str) -> Option<Cell> {
    let digits = (0..hexadecimal.len()).step_by(2);
    let bytes: Option<Vec<u8>> =
        digits.map(|at| u8::from_str_radix(hexadecimal.get(at..at + 2)?, 16).ok()).collect();
    bytes.map(Cell::Blob)
}

const TABLES: &str = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n \
    ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm') \
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%' \
    ORDER BY 1";

/// Everything but the rows. A table that was written anew has another file.
const OBJECTS: [&str; 8] = [
    "SELECT n.nspname, n.nspacl::text FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg_toast%' \
     ORDER BY 1",
    "SELECT c.oid::regclass::text, c.relkind::text, c.relfilenode, c.relowner, c.relacl::text \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1",
    "SELECT a.attrelid::regclass::text, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), \
     a.attnotnull, a.attcollation, a.attidentity::text, a.attgenerated::text, \
     pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
     LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
     WHERE a.attnum > 0 AND a.attrelid >= 16384 ORDER BY 1, 2",
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated \
     FROM pg_constraint WHERE oid >= 16384 ORDER BY 1, 2",
    "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid FROM pg_index \
     WHERE indexrelid >= 16384 AND indrelid::regclass::text NOT LIKE 'pg_toast%' ORDER BY 1",
    "SELECT tgrelid::regclass::text, tgname, tgenabled::text, pg_get_triggerdef(oid) \
     FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    "SELECT oid::regprocedure::text, pg_get_functiondef(oid) FROM pg_proc \
     WHERE oid >= 16384 AND prokind = 'f' ORDER BY 1",
    "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2",
];
