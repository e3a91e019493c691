//! Models the features of the server that a schema lives on.
//!
//! MLflow's revisions depend on the database, and a server derives names for constraints that
//! MLflow left unnamed. Both depend on a few facts about the server. These are collected here, so
//! that the rest of core checks features and never versions.

use std::fmt;

use serde::Serialize;

/// The SQL dialect of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// SQLite 3.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MySQL and MariaDB.
    Mysql,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
            Self::Mysql => "MySQL",
        })
    }
}

/// How a server names a CHECK that was created without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutomaticCheckName {
    /// The CHECK stays unnamed (SQLite).
    None,
    /// `<table>_<column>_check` (PostgreSQL).
    TableColumn,
    /// `<table>_chk_<n>` (MySQL 8.0.16 and later).
    TableNumber,
    /// `CONSTRAINT_<n>` (MariaDB).
    Number,
}

/// How a server names a foreign key that was created without a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AutomaticForeignKeyName {
    /// The foreign key stays unnamed (SQLite).
    None,
    /// `<table>_<columns>_fkey` (PostgreSQL).
    TableColumns,
    /// `<table>_ibfk_<n>` (MySQL, and MariaDB before 12.1).
    TableNumber,
    /// `<n>` (MariaDB 12.1 and later).
    Number,
}

/// The dialect and the features of one database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Platform {
    /// The SQL dialect.
    pub dialect: Dialect,
    /// Whether CHECK constraints are stored and enforced.
    ///
    /// MySQL before 8.0.16 parses and ignores them.
    pub enforces_checks: bool,
    /// How unnamed CHECK constraints are named.
    pub automatic_check_name: AutomaticCheckName,
    /// How unnamed foreign keys are named.
    pub automatic_foreign_key_name: AutomaticForeignKeyName,
    /// Whether an index can store a column in descending order.
    ///
    /// MySQL before 8.0 and MariaDB before 10.8 parse and ignore `DESC`.
    pub descending_indexes: bool,
    /// Whether `JSON` is a type of its own; MariaDB stores it as `longtext`.
    pub native_json: bool,
    /// Whether the server accepts `JSON` as a type. MySQL 5.6 does not.
    pub json: bool,
    /// Whether the server has generated columns. MySQL 5.6 has none.
    pub generated_columns: bool,
    /// Whether an upgrade is one transaction, including table changes.
    ///
    /// On MySQL, each table change commits automatically.
    pub transactional_ddl: bool,
}

impl Platform {
    /// SQLite, as bundled with this tool.
    pub const SQLITE: Self = Self {
        dialect: Dialect::Sqlite,
        enforces_checks: true,
        automatic_check_name: AutomaticCheckName::None,
        automatic_foreign_key_name: AutomaticForeignKeyName::None,
        descending_indexes: true,
        native_json: true,
        json: true,
        generated_columns: true,
        transactional_ddl: true,
    };

    /// PostgreSQL 12 and later.
    pub const POSTGRES: Self = Self {
        dialect: Dialect::Postgres,
        automatic_check_name: AutomaticCheckName::TableColumn,
        automatic_foreign_key_name: AutomaticForeignKeyName::TableColumns,
        ..Self::SQLITE
    };

    /// MySQL 8.0.16 and later.
    pub const MYSQL_8: Self = Self {
        dialect: Dialect::Mysql,
        automatic_check_name: AutomaticCheckName::TableNumber,
        automatic_foreign_key_name: AutomaticForeignKeyName::TableNumber,
        transactional_ddl: false,
        ..Self::SQLITE
    };

    /// MySQL 5.7, which has no CHECK constraints and no descending indexes.
    pub const MYSQL_5_7: Self =
        Self { enforces_checks: false, descending_indexes: false, ..Self::MYSQL_8 };

    /// MySQL 5.6, which also lacks JSON and generated columns.
    pub const MYSQL_5_6: Self =
        Self { native_json: false, json: false, generated_columns: false, ..Self::MYSQL_5_7 };

    /// MariaDB 10.8 and later.
    pub const MARIADB: Self = Self {
        automatic_check_name: AutomaticCheckName::Number,
        native_json: false,
        ..Self::MYSQL_8
    };

    /// Returns whether the dialect is SQLite's.
    #[must_use]
    pub fn is_sqlite(&self) -> bool {
        self.dialect == Dialect::Sqlite
    }

    /// Returns whether the dialect is that of MySQL and MariaDB.
    #[must_use]
    pub fn is_mysql(&self) -> bool {
        self.dialect == Dialect::Mysql
    }
}
