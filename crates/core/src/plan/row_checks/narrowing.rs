//! Finds values that do not fit the new type or collation of a column.
//!
//! The plan starts from whatever type a user has given a column: a text of any length, or a binary
//! one. MLflow's revisions only change types to longer texts and 64-bit floats.

use super::{Rule, Tables};
use crate::schema::platform::Dialect;
use crate::schema::{Column, ColumnType, Table};

/// The maximum sizes of MySQL's `TEXT` and `MEDIUMTEXT`, in bytes.
const TEXT: u64 = 65_535;
const MEDIUM_TEXT: u64 = 16_777_215;

/// A number that every server can parse, as a regular expression that all servers support.
const NUMBER: &str = "[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][-+]?[0-9]+)?";

impl<'a> Tables<'a> {
    /// Returns the rules for columns that get a narrower type.
    ///
    /// No rules on SQLite, which stores any value in any column.
    pub(super) fn narrowed(self) -> impl Iterator<Item = Rule> {
        let rule = move |column: &'a Column| {
            let known = self.before.find_column(column.live_name())?;
            let is_there = self.is_there(&column.name) && known.name == column.name;
            let is_same = known.column_type == column.column_type;
            if !is_there || is_same || self.spelling.dialect == Dialect::Sqlite {
                return None;
            }
            let value = Value {
                name: self.quoted(&column.name),
                known: &known.column_type,
                dialect: self.spelling.dialect,
                charset: charset(column, self.after),
            };
            let is_refused = value.does_not_fit(&column.column_type)?;
            let sql = column.column_type.sql(self.spelling.dialect);
            Some(self.row_rule(format!("{sql} of {}", column.name), &is_refused))
        };
        self.after.columns.iter().filter_map(rule)
    }

    /// Returns whether the new collation of a column takes distinct texts for equal.
    ///
    /// `a` and `a ` differ in a collation that does not pad. Binary collations that pad distinguish
    /// texts that other collations take for equal.
    pub(super) fn merges(self, name: &str) -> bool {
        let Some((old, new)) = self.collations(name) else { return false };
        let pads = |collation: &str| !collation.contains("_0900_") && !collation.contains("nopad");
        old != new && ((!pads(old) && pads(new)) || !new.ends_with("_bin"))
    }

    /// Returns the SQL for a column in its new collation.
    pub(super) fn compared(self, name: &str) -> String {
        let quoted = self.quoted(name);
        match self.collations(name).filter(|_| self.merges(name)) {
            Some((_, new)) => {
                format!("CONVERT({quoted} USING {}) COLLATE {new}", charset_of(new))
            }
            None => quoted,
        }
    }

    /// Returns the collations of a column before and after, where both are known.
    fn collations(self, name: &str) -> Option<(&'a str, &'a str)> {
        let of = |table: &'a Table| {
            let column = table.find_column(name)?;
            column.collation.as_deref().or(table.collation.as_deref())
        };
        let is_mysql = self.spelling.dialect == Dialect::Mysql;
        of(self.before).zip(of(self.after)).filter(|_| is_mysql)
    }
}

fn charset<'a>(column: &'a Column, table: &'a Table) -> Option<&'a str> {
    column.collation.as_deref().or(table.collation.as_deref()).map(charset_of)
}

fn charset_of(collation: &str) -> &str {
    collation.split('_').next().unwrap_or(collation)
}

/// A value of a column of a live table.
struct Value<'a> {
    name: String,
    known: &'a ColumnType,
    dialect: Dialect,
    /// The new character set (MySQL).
    charset: Option<&'a str>,
}

impl Value<'_> {
    /// Returns the condition under which the value does not fit another type.
    ///
    /// `None` if all values fit. Trailing spaces do not count: the server cuts them when it stores
    /// the value.
    fn does_not_fit(&self, new: &ColumnType) -> Option<String> {
        let text = self.text();
        match new {
            ColumnType::Varchar(length) if self.characters() > u64::from(*length) => {
                Some(self.or_garbled(format!("char_length(rtrim({text})) > {length}")))
            }
            ColumnType::Text if self.is_longer_than(TEXT) => {
                Some(self.or_garbled(format!("octet_length(rtrim({text})) > {TEXT}")))
            }
            ColumnType::MediumText if self.is_longer_than(MEDIUM_TEXT) => {
                Some(self.or_garbled(format!("octet_length(rtrim({text})) > {MEDIUM_TEXT}")))
            }
            ColumnType::Float | ColumnType::Double => self.is_no_number(),
            _ => None,
        }
    }

    fn is_binary(&self) -> bool {
        match self.known {
            ColumnType::Binary => true,
            ColumnType::Other(name) => {
                let name = name.to_ascii_lowercase();
                ["binary", "blob", "bit"].iter().any(|kind| name.contains(kind))
            }
            _ => false,
        }
    }

    fn is_text(&self) -> bool {
        use ColumnType::{LongText, MediumText, Text, Varchar};
        matches!(self.known, Varchar(_) | Text | MediumText | LongText)
    }

    /// Returns the SQL that converts the value to text as the server does.
    fn text(&self) -> String {
        match (self.dialect, self.charset) {
            (Dialect::Postgres, _) if !self.is_text() => format!("CAST({} AS text)", self.name),
            (Dialect::Mysql, Some(charset)) if self.is_binary() => {
                format!("CONVERT({} USING {charset})", self.name)
            }
            _ => self.name.clone(),
        }
    }

    /// Extends a condition to bytes that are not valid text in the character set.
    fn or_garbled(&self, is_refused: String) -> String {
        let Some(charset) = self.charset.filter(|_| self.is_binary()) else { return is_refused };
        if self.dialect != Dialect::Mysql {
            return is_refused;
        }
        let name = &self.name;
        format!("{is_refused} OR NOT (CAST(CONVERT({name} USING {charset}) AS BINARY) <=> {name})")
    }

    /// Returns the maximum number of characters of the value.
    fn characters(&self) -> u64 {
        match self.known {
            ColumnType::Varchar(length) => u64::from(*length),
            ColumnType::Boolean => 5,
            ColumnType::Date => 13,
            ColumnType::Integer => 11,
            ColumnType::BigInteger => 20,
            _ => u64::MAX,
        }
    }

    /// Returns whether the value can be longer than a number of bytes, where length matters.
    fn is_longer_than(&self, bytes: u64) -> bool {
        let most = match self.known {
            ColumnType::MediumText => MEDIUM_TEXT,
            ColumnType::LongText | ColumnType::Json | ColumnType::Other(_) => u64::MAX,
            // No row of a table has more bytes than a TEXT can have.
            _ => TEXT,
        };
        self.dialect == Dialect::Mysql && (most > bytes || self.is_binary())
    }

    fn is_no_number(&self) -> Option<String> {
        let is_number = match self.known {
            ColumnType::Other(name) => {
                let name = name.to_ascii_lowercase();
                let numbers =
                    ["dec", "numeric", "int", "tiny", "small", "medium", "big", "float", "double"];
                let more = ["real", "bit", "year"];
                let mut kinds = numbers.iter().chain(&more);
                kinds.any(|kind| name.starts_with(kind)) && !name.contains("text")
            }
            _ => !self.is_text(),
        };
        let name = &self.name;
        match self.dialect {
            _ if is_number => None,
            // Some versions refuse blanks after a number. All versions refuse a number above the
            // 64-bit range.
            Dialect::Mysql => Some(format!(
                "NOT ({name} REGEXP '^{NUMBER}$') OR abs({name} + 0e0) >= 1.7976931348623157e308"
            )),
            Dialect::Postgres | Dialect::Sqlite => {
                Some(format!("CAST({name} AS text) !~* '^ *({NUMBER}|nan|[-+]?inf(inity)?) *$'"))
            }
        }
    }
}
