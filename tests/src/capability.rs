//! What servers differ in, as far as a test has to know.
//!
//! A test that needs something which a server lacks says so where it is listed, and the harness tells
//! which tests it has left out on which server. Within a test, what comes out may depend on these
//! facts as well.

use mlflow_migrate_core::schema::platform::Dialect;

use crate::database::Cell;
use crate::dump::has_tool;
use crate::reference::Server;
use crate::server::{TestServer, query};

/// The variable with the file of the certificate that has signed the servers'.
pub const CERTIFICATE_AUTHORITY: &str = "MLFLOW_MIGRATE_TEST_CA";

/// Something that a server has, or has not.
#[derive(Clone, Copy, Debug)]
pub struct Capability {
    /// What it is, in words that follow "needs".
    pub name: &'static str,
    has: fn(&TestServer) -> bool,
}

impl Capability {
    /// Says what it is, and how to tell.
    #[must_use]
    pub const fn new(name: &'static str, has: fn(&TestServer) -> bool) -> Self {
        Self { name, has }
    }

    /// Whether a server has it.
    #[must_use]
    pub fn is_of(&self, server: &TestServer) -> bool {
        (self.has)(server)
    }
}

/// SQLite's own formats, pragmas and catalogue.
pub const SQLITE: Capability = Capability::new("SQLite", TestServer::is_sqlite);

/// A server that is asked over a connection.
pub const SERVER: Capability = Capability::new("a server", |server| !server.is_sqlite());

/// PostgreSQL.
pub const POSTGRES: Capability = Capability::new("PostgreSQL", TestServer::is_postgres);

/// MySQL or MariaDB.
pub const MYSQL: Capability = Capability::new("MySQL or MariaDB", TestServer::is_mysql);

/// A server with a certificate, and the file of who signed it.
pub const TLS: Capability = Capability::new("TLS, and MLFLOW_MIGRATE_TEST_CA", |server| {
    server.offers_tls() && std::env::var_os(CERTIFICATE_AUTHORITY).is_some()
});

/// A server that cannot encrypt a connection.
pub const NO_TLS: Capability =
    Capability::new("a server without TLS", |server| !server.is_sqlite() && !server.offers_tls());

/// MySQL's binary log, with which only some users may create triggers.
pub const BINARY_LOG: Capability = Capability::new("binary logging", TestServer::logs_changes);

/// A server that tells keys of more than 767 bytes that they are too long.
pub const SHORT_KEYS: Capability =
    Capability::new("keys of at most 767 bytes", |server| server.reference() == Server::Mysql56);

/// CHECKs for which the server would copy a table, and an exchange of the rows instead.
pub const EXCHANGE: Capability =
    Capability::new("EXCHANGE PARTITION between tables with unlike CHECKs", |server| {
        server.reference() == Server::Mysql
    });

/// Every revision; MySQL 5.6 comes to 770bee3ae1dd.
pub const EVERY_REVISION: Capability =
    Capability::new("generated columns, as all revisions after 770bee3ae1dd", |server| {
        server.reference() != Server::Mysql56
    });

/// Every revision, and columns that are added without writing rows, as MySQL does since 8.0.12.
pub const INSTANT_COLUMNS: Capability =
    Capability::new("columns that are added without writing rows", TestServer::adds_instantly);

/// The server's own tool that dumps a database.
pub const DUMPS: Capability = Capability::new("the tool that dumps a database", has_tool);

/// Texts that differ by case only are different.
pub const CASE_COUNTS: Capability =
    Capability::new("texts that differ by case to be different", |server| !server.ignores_case());

/// Texts that differ by case only are the same.
pub const CASE_IS_IGNORED: Capability =
    Capability::new("texts that differ by case to be the same", TestServer::ignores_case);

/// Columns whose collation a test can choose to ignore case.
pub const NOT_POSTGRES: Capability =
    Capability::new("a collation that ignores case", |server| !server.is_postgres());

/// Any text in any column.
pub const EVERY_CHARACTER: Capability =
    Capability::new("a character set with every character", |server| {
        server.charset() != Some("latin1")
    });

/// A character set that lacks most characters.
pub const LATIN1: Capability =
    Capability::new("latin1", |server| server.charset() == Some("latin1"));

/// JSON with one half of a surrogate pair, as Python writes it.
pub const LONE_SURROGATES: Capability =
    Capability::new("JSON that takes half of a surrogate pair", |server| !server.is_mysql());

/// The newest revision is out of reach.
pub const OLD: Capability = Capability::new("a server too old for the newest revision", |server| {
    server.reference() == Server::Mysql56
});

/// JSON is not checked when it is written, so that malformed JSON can be stored.
pub const UNCHECKED_JSON: Capability =
    Capability::new("a column for JSON that takes any text", TestServer::is_sqlite);

/// Every kind of value in every column.
pub const UNTYPED_COLUMNS: Capability =
    Capability::new("columns that take values of any type", TestServer::is_sqlite);

impl TestServer {
    /// Whether this is SQLite.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.dialect() == Dialect::Sqlite
    }

    /// Whether this is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.dialect() == Dialect::Postgres
    }

    /// Whether this is MySQL or MariaDB.
    #[must_use]
    pub fn is_mysql(&self) -> bool {
        self.dialect() == Dialect::Mysql
    }

    /// Whether a column is added without writing rows.
    #[must_use]
    pub fn adds_instantly(&self) -> bool {
        !matches!(self.reference(), Server::Mysql56 | Server::Mysql57)
    }

    /// Whether CHECKs are kept, and enforced.
    #[must_use]
    pub fn keeps_checks(&self) -> bool {
        !matches!(self.reference(), Server::Mysql56 | Server::Mysql57)
    }

    /// Whether the references of a table are looked at when it is copied. So it is where the server
    /// checks references, and no longer InnoDB.
    #[must_use]
    pub fn checks_references_of_copies(&self) -> bool {
        const SQL: &str = "SHOW VARIABLES LIKE 'innodb_native_foreign_keys'";
        let is_off = |value: &Cell| *value == Cell::from("OFF");
        self.reference() == Server::Mysql
            && query(self.address(), SQL).iter().any(|row| row.last().is_some_and(is_off))
    }

    /// Whether texts are equal that differ by case only.
    #[must_use]
    pub fn ignores_case(&self) -> bool {
        self.is_mysql()
    }

    /// Whether -0.0 comes out again as it went in.
    #[must_use]
    pub fn keeps_negative_zero(&self) -> bool {
        !matches!(self.reference(), Server::Sqlite | Server::Mariadb)
    }

    /// Whether a metric's value has 32 bits in the base schema.
    #[must_use]
    pub fn has_32_bit_base_metrics(&self) -> bool {
        self.is_mysql()
    }

    /// How deep JSON may nest in a column that is for JSON.
    #[must_use]
    pub fn json_depth(&self) -> usize {
        match self.reference() {
            Server::Sqlite | Server::Mysql56 => 100_000,
            Server::Postgres => 1_000,
            Server::Mysql | Server::Mysql57 => 100,
            Server::Mariadb => 31,
        }
    }

    /// Whether [`crate::database::TestDatabase::copy`] gives anything.
    #[must_use]
    pub fn copies_databases(&self) -> bool {
        !self.is_mysql()
    }

    /// A character that takes as many bytes as the database's character set has.
    #[must_use]
    pub fn widest_character(&self) -> &'static str {
        if self.charset() == Some("latin1") { "é" } else { "🦀" }
    }

    /// The type that MLflow's floats have.
    #[must_use]
    pub fn float_type(&self) -> &'static str {
        if self.is_sqlite() { "FLOAT" } else { "DOUBLE PRECISION" }
    }

    /// The literal of a false boolean, as MLflow's defaults spell it.
    #[must_use]
    pub fn false_literal(&self) -> &'static str {
        if self.is_postgres() { "false" } else { "0" }
    }

    /// Whether a text can be stored.
    #[must_use]
    pub fn holds(&self, text: &str) -> bool {
        match self.reference() {
            Server::Postgres => !text.contains('\0'),
            _ if self.charset() == Some("latin1") => text.chars().all(|one| u32::from(one) <= 0xFF),
            _ => true,
        }
    }

    /// A float as a literal that loses nothing. A number that is written as such is a decimal on
    /// servers, and has no negative zero.
    #[must_use]
    pub fn float(&self, value: f64) -> String {
        if self.is_sqlite() { format!("{value:?}") } else { format!("'{value:e}'") }
    }
}
