//! The servers that tests run on.
//!
//! SQLite is always there. The others are those of `MLFLOW_MIGRATE_TEST_URLS`, which
//! `tests/servers/run.sh` sets; what they are, they are asked themselves. One server can be several
//! entries: MariaDB with databases in utf8mb4, and with databases in latin1.

use std::collections::BTreeMap;
use std::sync::Arc;

use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::schema::platform::Dialect;
use tokio::sync::Mutex;

use crate::address::Address;
use crate::database::{Cell, TestDatabase, upgrade};
use crate::mysql::{self, MysqlDatabase};
use crate::postgres::{self, PostgresDatabase};
use crate::reference::Server;
use crate::sqlite::SqliteFile;

/// The variable with the URLs of superusers, separated by spaces.
pub const URLS: &str = "MLFLOW_MIGRATE_TEST_URLS";

/// The variable with the URLs of further servers, on which only a few tests run: other versions.
pub const FURTHER_URLS: &str = "MLFLOW_MIGRATE_TEST_FURTHER_URLS";

/// The variable that names the servers which have to be among them.
pub const REQUIRED: &str = "MLFLOW_MIGRATE_REQUIRE_SERVERS";

const HINT: &str = "run `tests/servers/run.sh cargo test`, or set MLFLOW_MIGRATE_TEST_URLS to the \
                    URLs of superusers; `none` leaves the servers out";

/// A server, and how databases are made on it.
#[derive(Debug)]
pub struct TestServer {
    name: String,
    reference: Server,
    charset: Option<&'static str>,
    is_another_charset: bool,
    address: Option<Address>,
    offers_tls: bool,
    logs_changes: bool,
    catalogue: Catalogue,
    templates: Mutex<BTreeMap<String, Arc<dyn TestDatabase>>>,
}

impl TestServer {
    /// SQLite.
    #[must_use]
    pub fn sqlite() -> Self {
        Self::new("sqlite".to_owned(), Server::Sqlite, None, None)
    }

    /// The servers that the environment names.
    ///
    /// # Errors
    /// If it names none, or one that does not answer.
    pub fn given() -> Result<Vec<Self>, String> {
        let urls = std::env::var(URLS).map_err(|_| format!("{URLS} is not set: {HINT}"))?;
        if urls.trim() == "none" {
            return Ok(Vec::new());
        }
        let servers = Self::at_all(&urls)?;
        if servers.is_empty() { Err(format!("{URLS} is empty: {HINT}")) } else { Ok(servers) }
    }

    /// The further servers that the environment names, if any.
    ///
    /// # Errors
    /// If it names one that does not answer.
    pub fn further() -> Result<Vec<Self>, String> {
        Self::at_all(&std::env::var(FURTHER_URLS).unwrap_or_default())
    }

    fn at_all(urls: &str) -> Result<Vec<Self>, String> {
        let mut servers = Vec::new();
        for url in urls.split_whitespace() {
            let address = Address::parse(url)?;
            servers.extend(Self::of(&address).map_err(|problem| format!("{problem}: {HINT}"))?);
        }
        Ok(servers)
    }

    /// Those that are required and not among the given ones.
    #[must_use]
    pub fn missing(servers: &[Arc<Self>]) -> Vec<String> {
        let required = std::env::var(REQUIRED).unwrap_or_default();
        let has = |name: &str| servers.iter().any(|server| server.kind() == name);
        required.split_whitespace().filter(|name| !has(name)).map(ToOwned::to_owned).collect()
    }

    /// The server at an address; if it is several entries, the first of them.
    ///
    /// # Errors
    /// If it does not answer.
    pub fn at_address(address: &Address) -> Result<Self, String> {
        let first = Self::of(address)?.into_iter().next();
        first.ok_or_else(|| format!("{address} is no server"))
    }

    fn of(address: &Address) -> Result<Vec<Self>, String> {
        let entry = |name: String, reference, charset| {
            Self::new(name, reference, charset, Some(address.clone()))
        };
        if address.is_postgres() {
            let name = format!("postgres-{}", postgres::major_version(address)?);
            return Ok(vec![entry(name, Server::Postgres, None)]);
        }
        let version = mysql::Version::ask(address)?;
        let entries = version.entries().enumerate().map(|(place, (name, charset))| Self {
            is_another_charset: place > 0,
            ..entry(name, version.reference(), Some(charset))
        });
        Ok(entries.collect())
    }

    #[allow(clippy::expect_used, reason = "a catalogue that is none fails its own tests")]
    fn new(
        name: String,
        reference: Server,
        charset: Option<&'static str>,
        address: Option<Address>,
    ) -> Self {
        let catalogue = mlflow_migrate_revisions::tracking().expect("the revisions form a graph");
        let is_yes = |sql: &str| match address.as_ref().map(|address| query(address, sql)) {
            Some(rows) => rows.iter().any(|row| row.last().is_some_and(is_set)),
            None => false,
        };
        let (tls, log) = match reference.platform().dialect {
            Dialect::Postgres => ("SHOW ssl", None),
            _ => ("SHOW VARIABLES LIKE 'ssl_cert'", Some("SHOW VARIABLES LIKE 'log_bin'")),
        };
        Self {
            name,
            reference,
            charset,
            is_another_charset: false,
            offers_tls: is_yes(tls),
            logs_changes: log.is_some_and(is_yes),
            address,
            catalogue,
            templates: Mutex::default(),
        }
    }

    /// What the server is called in the names of trials.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether this is a server that is another entry too, with databases in another character set.
    #[must_use]
    pub fn is_another_charset(&self) -> bool {
        self.is_another_charset
    }

    /// Which states the databases go through.
    #[must_use]
    pub fn reference(&self) -> Server {
        self.reference
    }

    /// The SQL dialect.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.reference.platform().dialect
    }

    /// The character set of new databases, where it can be chosen.
    #[must_use]
    pub fn charset(&self) -> Option<&'static str> {
        self.charset
    }

    /// Whether a connection can be encrypted.
    #[must_use]
    pub fn offers_tls(&self) -> bool {
        self.offers_tls
    }

    /// Whether MySQL writes a binary log, and so wants to know of triggers that they are harmless.
    #[must_use]
    pub fn logs_changes(&self) -> bool {
        self.logs_changes
    }

    /// MLflow's revisions.
    #[must_use]
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// Where the superuser connects to.
    ///
    /// # Panics
    /// If this is SQLite.
    #[must_use]
    #[allow(clippy::expect_used, reason = "a test that needs a server says so where it is listed")]
    pub fn address(&self) -> &Address {
        self.address.as_ref().expect("a server")
    }

    /// The name in `MLFLOW_MIGRATE_REQUIRE_SERVERS`.
    fn kind(&self) -> &'static str {
        match self.reference {
            Server::Sqlite => "sqlite",
            Server::Postgres => "postgres",
            Server::Mariadb => "mariadb",
            Server::Mysql56 => "mysql56",
            Server::Mysql57 => "mysql57",
            Server::Mysql => "mysql",
        }
    }

    /// The newest revision that the server can come to. MySQL 5.6 has no generated columns.
    #[must_use]
    pub fn head(&self) -> &'static str {
        if self.reference == Server::Mysql56 { "770bee3ae1dd" } else { "head" }
    }

    /// An empty database.
    #[must_use]
    pub fn new_database(&self) -> Box<dyn TestDatabase> {
        match (&self.address, self.charset) {
            (None, _) => Box::new(SqliteFile::new()),
            (Some(address), None) => Box::new(PostgresDatabase::new(address)),
            (Some(address), Some(charset)) => {
                Box::new(MysqlDatabase::new(address, self.reference, charset))
            }
        }
    }

    /// A new database at a revision.
    ///
    /// # Panics
    /// If the upgrade to it fails.
    pub async fn at(&self, revision: &str) -> Box<dyn TestDatabase> {
        let mut templates = self.templates.lock().await;
        if let Some(copy) = templates.get(revision).and_then(|template| template.copy()) {
            return copy;
        }
        // Where nothing can be copied, every database is made for itself, and none waits for another.
        if self.is_mysql() {
            drop(templates);
            return self.made(revision).await;
        }
        let template: Arc<dyn TestDatabase> = Arc::from(self.made(revision).await);
        templates.insert(revision.to_owned(), Arc::clone(&template));
        drop(templates);
        match template.copy() {
            Some(copy) => copy,
            None => self.made(revision).await,
        }
    }

    #[allow(clippy::panic, reason = "a test without its database cannot go on")]
    async fn made(&self, revision: &str) -> Box<dyn TestDatabase> {
        let database = self.new_database();
        if let Err(error) = upgrade(&self.catalogue, &*database, revision).await {
            panic!("making a database at {revision} on {}: {error}", self.name);
        }
        database
    }
}

/// Runs a query outside of this tool.
///
/// # Panics
/// If the server refuses it.
pub fn query(address: &Address, sql: &str) -> Vec<Vec<Cell>> {
    if address.is_postgres() { postgres::query(address, sql) } else { mysql::query(address, sql) }
}

fn is_set(value: &Cell) -> bool {
    matches!(value, Cell::Text(text) if !text.is_empty() && !text.eq_ignore_ascii_case("off"))
}

/// Waits until the server has noticed that nobody is connected to a database any more.
///
/// # Panics
/// If somebody stays for longer than that can take.
#[allow(clippy::panic, reason = "a test cannot go on then")]
pub fn wait_until_alone(server: &TestServer, database: &Address) {
    let name = &database.database;
    let others = if server.is_postgres() {
        format!("SELECT pid FROM pg_stat_activity WHERE datname = '{name}'")
    } else {
        format!("SELECT id FROM information_schema.processlist WHERE db = '{name}'")
    };
    // MySQL cannot show its sessions while one of them runs a statement with characters beyond utf8mb3.
    let is_alone = || match server.is_postgres() {
        true => query(server.address(), &others).is_empty(),
        false => mysql::attempt(server.address(), &others).is_ok_and(|rows| rows.is_empty()),
    };
    for _ in 0..300 {
        if is_alone() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("somebody is still connected to {name}");
}
