//! The features of a server, derived from its version.
//!
//! The rest of the backend asks for a feature by name and never for a version. So every version
//! number stands in this file, beside the manual's rule that it comes from.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::platform::{
    AutomaticCheckName, AutomaticForeignKeyName, Platform,
};

/// The oldest servers on which an upgrade is known to work.
const OLDEST: &str = "MySQL 5.6, MariaDB 10.2.22 and MariaDB 10.3.10 are the oldest servers that \
                      can be upgraded; upgrade the server first";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    Mysql,
    Mariadb,
}

/// The features of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    family: Family,
    version: (u16, u16, u16),
}

impl Features {
    /// Parses the answer to `SELECT VERSION()`.
    ///
    /// Examples: `8.0.36-0ubuntu0.22.04.1`, `5.7.44-log`, `10.11.14-MariaDB-0+deb12u2`,
    /// `5.5.5-10.6.16-MariaDB`.
    ///
    /// # Errors
    /// If the text is no version, or the version is too old.
    pub fn parse(version: &str) -> Result<Self, Error> {
        let is_mariadb = version.to_ascii_lowercase().contains("mariadb");
        // MariaDB puts this prefix before its version for replicas that expect MySQL 5.5.
        let own = version.strip_prefix("5.5.5-").filter(|_| is_mariadb).unwrap_or(version);
        let family = if is_mariadb { Family::Mariadb } else { Family::Mysql };
        let unreadable = || limit(version, "is not a version of MySQL or MariaDB");
        let numbers = numbers(own).ok_or_else(unreadable)?;
        let features = Self { family, version: numbers };
        if features.is_too_old() {
            return Err(limit(version, "is too old"));
        }
        Ok(features)
    }

    /// Returns whether the server is older than the oldest supported one.
    ///
    /// Before 5.6 InnoDB has no in-place ALTER TABLE. MariaDB lists its CHECKs since 10.2.22 and
    /// 10.3.10 (MariaDB manual, "Information Schema CHECK_CONSTRAINTS Table").
    fn is_too_old(&self) -> bool {
        match self.family {
            Family::Mysql => self.version < (5, 6, 0),
            Family::Mariadb => {
                self.version < (10, 2, 22)
                    || (self.version >= (10, 3, 0) && self.version < (10, 3, 10))
            }
        }
    }

    fn since(&self, mysql: (u16, u16, u16), mariadb: (u16, u16, u16)) -> bool {
        match self.family {
            Family::Mysql => self.version >= mysql,
            Family::Mariadb => self.version >= mariadb,
        }
    }

    /// Returns the server's features as core's model knows them.
    #[must_use]
    pub fn platform(&self) -> Platform {
        let automatic_check_name = match self.family {
            Family::Mysql => AutomaticCheckName::TableNumber,
            Family::Mariadb => AutomaticCheckName::Number,
        };
        let automatic_foreign_key_name = if self.numbered_foreign_keys() {
            AutomaticForeignKeyName::Number
        } else {
            AutomaticForeignKeyName::TableNumber
        };
        Platform {
            automatic_check_name,
            automatic_foreign_key_name,
            enforces_checks: self.enforces_checks(),
            descending_indexes: self.descending_indexes(),
            native_json: self.native_json(),
            json: self.json(),
            generated_columns: self.generated_columns(),
            ..Platform::MYSQL_8
        }
    }

    /// Returns whether the server is MariaDB.
    #[must_use]
    pub fn is_mariadb(&self) -> bool {
        self.family == Family::Mariadb
    }

    /// Generated columns: MySQL 5.7.6; MariaDB 10.2, with MySQL's keywords and expressions.
    #[must_use]
    pub fn generated_columns(&self) -> bool {
        self.since((5, 7, 6), (10, 2, 0))
    }

    /// A type called JSON: MySQL 5.7.8; MariaDB 10.2.7, as another name for `longtext`.
    #[must_use]
    pub fn json(&self) -> bool {
        self.since((5, 7, 8), (10, 2, 7))
    }

    /// JSON as a type of its own.
    #[must_use]
    pub fn native_json(&self) -> bool {
        self.json() && !self.is_mariadb()
    }

    /// CHECKs that are stored and enforced: MySQL 8.0.16; MariaDB 10.2.1.
    #[must_use]
    pub fn enforces_checks(&self) -> bool {
        self.since((8, 0, 16), (10, 2, 1))
    }

    /// Rows can be exchanged between a table and a partition of another one, without validation and
    /// whatever CHECKs the two have: MySQL 8.0.16, the first version with CHECKs.
    ///
    /// Seen with MySQL 9.7. A version that compares CHECKs refuses the first exchange, and the server
    /// then copies the table.
    #[must_use]
    pub fn exchanges_unlike_checks(&self) -> bool {
        self.enforces_checks() && !self.is_mariadb()
    }

    /// `ALTER TABLE … RENAME COLUMN`: MySQL 8.0.3; MariaDB 10.5.2.
    #[must_use]
    pub fn rename_column(&self) -> bool {
        self.since((8, 0, 3), (10, 5, 2))
    }

    /// `ALTER TABLE … RENAME INDEX`: MySQL 5.7.1, used since 8.0.0; MariaDB 10.5.2.
    ///
    /// No MySQL 5.7 was available to try the clause on.
    #[must_use]
    pub fn rename_index(&self) -> bool {
        self.since((8, 0, 0), (10, 5, 2))
    }

    /// `ALTER TABLE … DROP CHECK`: MySQL 8.0.16.
    ///
    /// MariaDB has only `DROP CONSTRAINT`, which MySQL knows since 8.0.19.
    #[must_use]
    pub fn drop_check(&self) -> bool {
        self.version >= (8, 0, 16) && !self.is_mariadb()
    }

    /// Index columns that are stored in descending order: MySQL 8.0.1; MariaDB 10.8.1.
    #[must_use]
    pub fn descending_indexes(&self) -> bool {
        self.since((8, 0, 1), (10, 8, 1))
    }

    /// Indexes over expressions, and `STATISTICS.EXPRESSION`: MySQL 8.0.13; MariaDB has none.
    #[must_use]
    pub fn expression_indexes(&self) -> bool {
        self.version >= (8, 0, 13) && !self.is_mariadb()
    }

    /// Histograms, and `information_schema.COLUMN_STATISTICS`: MySQL 8.0.2.
    #[must_use]
    pub fn histograms(&self) -> bool {
        self.version >= (8, 0, 2) && !self.is_mariadb()
    }

    /// Invisible indexes, which are maintained and not used; `STATISTICS.IS_VISIBLE`: MySQL 8.0.0.
    #[must_use]
    pub fn invisible_indexes(&self) -> bool {
        self.version >= (8, 0, 0) && !self.is_mariadb()
    }

    /// Ignored indexes, which are maintained and not used; `STATISTICS.IGNORED`: MariaDB 10.6.0.
    #[must_use]
    pub fn ignored_indexes(&self) -> bool {
        self.version >= (10, 6, 0) && self.is_mariadb()
    }

    /// `CHECK_CONSTRAINTS.LEVEL`, which separates column CHECKs from table CHECKs: MariaDB 10.5.10.
    #[must_use]
    pub fn column_checks(&self) -> bool {
        self.version >= (10, 5, 10) && self.is_mariadb()
    }

    /// Columns added at the end without a copy of the rows: MySQL 8.0.12; MariaDB 10.3.2.
    #[must_use]
    pub fn instant_add_column(&self) -> bool {
        self.since((8, 0, 12), (10, 3, 2))
    }

    /// Columns dropped without a copy of the rows: MySQL 8.0.29; MariaDB 10.4.0.
    #[must_use]
    pub fn instant_drop_column(&self) -> bool {
        self.since((8, 0, 29), (10, 4, 0))
    }

    /// `VARCHAR` lengthened in place, if its length still takes as many bytes.
    ///
    /// MySQL 5.7.0; MariaDB 10.2.2.
    #[must_use]
    pub fn extends_varchar_in_place(&self) -> bool {
        self.since((5, 7, 0), (10, 2, 2))
    }

    /// Unnamed foreign keys are called `1`, `2`, … within their table: MariaDB 12.1 (MDEV-28933).
    ///
    /// Other servers call them `<table>_ibfk_1`.
    #[must_use]
    pub fn numbered_foreign_keys(&self) -> bool {
        self.version >= (12, 1, 0) && self.is_mariadb()
    }

    /// Row format DYNAMIC and keys of 3072 bytes by default: MySQL 5.7.9; MariaDB 10.2.2.
    #[must_use]
    pub fn large_index_prefix(&self) -> bool {
        self.since((5, 7, 9), (10, 2, 2))
    }

    /// The collations `utf8mb4_0900_…`, by which spaces at the end count: MySQL 8.0.1; not MariaDB.
    #[must_use]
    pub fn unpadded_collations(&self) -> bool {
        self.version >= (8, 0, 1) && !self.is_mariadb()
    }

    /// Roles, and `SHOW GRANTS … USING`, without which it lists no privilege of a role: MySQL 8.0.0.
    ///
    /// MariaDB lists the privileges of the current role anyway, and refuses such a query.
    #[must_use]
    pub fn lists_roles_by_name(&self) -> bool {
        self.version >= (8, 0, 0) && !self.is_mariadb()
    }

    /// A foreign key takes the REFERENCES privilege on the table that it references: MySQL 5.7.6.
    ///
    /// MariaDB has the privilege and does not check it.
    #[must_use]
    pub fn references_privilege(&self) -> bool {
        self.version >= (5, 7, 6) && !self.is_mariadb()
    }

    /// Returns whether the server has window functions (both manuals, "Window Functions").
    #[must_use]
    pub fn window_functions(&self) -> bool {
        self.since((8, 0, 2), (10, 2, 0))
    }

    /// Returns whether the server writes a new index to the disk before the statement ends.
    ///
    /// MySQL 5.7.5 and later log none of its pages (MySQL manual, "Sorted Index Builds"). MariaDB logs
    /// them, and MySQL 5.6 adds the entries one by one.
    #[must_use]
    pub fn writes_new_indexes(&self) -> bool {
        self.family == Family::Mysql && self.version >= (5, 7, 5)
    }

    /// Returns whether a table copy checks each of the table's foreign keys, existing ones included.
    ///
    /// Since 9.6 the server checks foreign keys, and no longer InnoDB (MySQL 9.6 release notes),
    /// unless `innodb_native_foreign_keys` is set. Not seen with 5.6 to 8.4 and MariaDB.
    #[must_use]
    pub fn checks_references_of_copies(&self) -> bool {
        self.family == Family::Mysql && self.version >= (9, 6, 0)
    }

    /// Returns whether a server may check references of copies on which a script for this one runs.
    ///
    /// A script for MySQL 8 runs on 9.6 as well.
    #[must_use]
    pub fn later_ones_check_references_of_copies(&self) -> bool {
        self.family == Family::Mysql && self.version >= (8, 0, 0)
    }

    /// A non-unique index over a column that is too long is shortened to what fits.
    ///
    /// Elsewhere such an index is an error.
    #[must_use]
    pub fn shortens_long_indexes(&self) -> bool {
        self.is_mariadb()
    }
}

fn limit(version: &str, problem: &str) -> Error {
    Error::ServerLimit {
        name: format!("server {version}"),
        problem: format!("this version {problem}"),
        remedy: OLDEST.into(),
    }
}

/// Returns the three numbers that a version begins with; a missing third counts as 0.
fn numbers(version: &str) -> Option<(u16, u16, u16)> {
    let end = version.find(|one: char| !one.is_ascii_digit() && one != '.');
    let (text, _) = version.split_at(end.unwrap_or(version.len()));
    let mut parts = text.split('.').map(str::parse::<u16>);
    let major = parts.next()?.ok()?;
    let minor = parts.next()?.ok()?;
    Some((major, minor, parts.next().and_then(Result::ok).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(version: &str) -> Features {
        Features::parse(version).unwrap()
    }

    #[test]
    fn versions_are_read() {
        for (text, is_mariadb, version) in [
            ("5.7.44-log", false, (5, 7, 44)),
            ("5.6.51", false, (5, 6, 51)),
            ("8.0.36-0ubuntu0.22.04.1", false, (8, 0, 36)),
            ("8.0.35-27.1", false, (8, 0, 35)),
            ("9.7.0", false, (9, 7, 0)),
            ("5.7.12", false, (5, 7, 12)),
            ("10.11.14-MariaDB-0+deb12u2", true, (10, 11, 14)),
            ("5.5.5-10.6.16-MariaDB-1:10.6.16+maria~ubu2004", true, (10, 6, 16)),
            ("11.4.2-MariaDB", true, (11, 4, 2)),
            ("12.1.2-MariaDB-log", true, (12, 1, 2)),
        ] {
            let found = features(text);
            assert_eq!((found.is_mariadb(), found.version), (is_mariadb, version), "{text}");
        }
    }

    #[test]
    fn what_is_too_old_or_no_version_is_refused() {
        for text in [
            "5.5.62",
            "5.1",
            "5.5.68-MariaDB",
            "10.1.48-MariaDB",
            "10.2.21-MariaDB",
            "5.5.5-10.3.9-MariaDB",
            "",
            "eight",
            "8",
        ] {
            let error = Features::parse(text).unwrap_err();
            assert!(matches!(error, Error::ServerLimit { .. }), "{text}");
        }
    }

    #[test]
    fn platforms_are_those_of_core() {
        for (text, platform) in [
            ("5.6.51", Platform::MYSQL_5_6),
            ("5.7.44", Platform::MYSQL_5_7),
            ("8.0.15", Platform { enforces_checks: false, ..Platform::MYSQL_8 }),
            ("8.0.16", Platform::MYSQL_8),
            ("9.7.0", Platform::MYSQL_8),
            ("10.6.16-MariaDB", Platform { descending_indexes: false, ..Platform::MARIADB }),
            ("10.11.14-MariaDB", Platform::MARIADB),
            ("11.4.2-MariaDB", Platform::MARIADB),
            (
                "12.1.2-MariaDB",
                Platform {
                    automatic_foreign_key_name: AutomaticForeignKeyName::Number,
                    ..Platform::MARIADB
                },
            ),
        ] {
            assert_eq!(features(text).platform(), platform, "{text}");
        }
    }

    #[test]
    fn features_begin_where_the_manuals_say() {
        type Feature = fn(&Features) -> bool;
        let rules: [(&str, Feature, &str, &str); 12] = [
            ("RENAME COLUMN", Features::rename_column, "8.0.2", "8.0.3"),
            ("RENAME COLUMN", Features::rename_column, "10.5.1-MariaDB", "10.5.2-MariaDB"),
            ("RENAME INDEX", Features::rename_index, "5.7.44", "8.0.36"),
            ("RENAME INDEX", Features::rename_index, "10.5.1-MariaDB", "10.5.2-MariaDB"),
            ("exchange of rows", Features::exchanges_unlike_checks, "8.0.15", "8.0.16"),
            ("DROP CHECK", Features::drop_check, "8.0.15", "8.0.16"),
            ("instant ADD COLUMN", Features::instant_add_column, "8.0.11", "8.0.12"),
            ("instant DROP COLUMN", Features::instant_drop_column, "8.0.28", "8.0.29"),
            ("indexes over expressions", Features::expression_indexes, "8.0.12", "8.0.13"),
            ("longer VARCHAR", Features::extends_varchar_in_place, "5.6.51", "5.7.44"),
            ("window functions", Features::window_functions, "5.7.44", "8.0.36"),
            ("indexes written at once", Features::writes_new_indexes, "5.6.51", "5.7.44"),
        ];
        for (name, feature, before, since) in rules {
            assert!(!feature(&features(before)), "{name} {before}");
            assert!(feature(&features(since)), "{name} {since}");
        }
        assert!(features("12.1.1-MariaDB").numbered_foreign_keys());
        assert!(!features("11.8.3-MariaDB").numbered_foreign_keys());
    }
}
