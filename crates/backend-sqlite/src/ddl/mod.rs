//! Reads the SQL text that SQLite keeps of its tables and indexes.
//!
//! SQLite's PRAGMAs report column names, types and keys. Other parts exist only in the statement
//! stored in `sqlite_schema.sql`: constraint names, CHECK and generated-column expressions, ON
//! CONFLICT clauses, and full foreign-key clauses. To rebuild a table without losing any of them,
//! this module parses the text. [`CreateTable`] and [`CreateIndex`] each have a `parse`, and hold
//! the byte span of each part.
//!
//! The grammar is the one of SQLite's `lang_createtable` and `lang_createindex` pages, with what
//! its `parse.y` and `tokenize.c` really accept. This is no validator, because SQLite has already
//! accepted the statements in `sqlite_schema`. Everything that SQLite accepts is read as SQLite
//! reads it. Some of what SQLite rejects (two primary keys, a malformed expression) is read too.
//!
//! Expressions are never interpreted. They are kept as source text, found by matching parentheses
//! on tokens, without recursion and in linear time. The text may end with a line comment. So a
//! caller that puts an expression between parentheses again should add a line break before the
//! closing one.

mod column;
mod cursor;
mod error;
mod foreign_key;
mod index;
mod keyword;
mod table;
mod token;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

pub use error::DdlError;
pub use index::{CreateIndex, IndexKey, IndexedExpression};
pub use keyword::quote_identifier;
pub use token::{Token, TokenKind, tokenize};

/// A `CREATE TABLE` statement, as `lang_createtable` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateTable {
    /// The schema before the table's name; SQLite does not keep it in `sqlite_schema`.
    pub schema: Option<String>,
    /// The table's name, without quotes.
    pub name: String,
    /// The span of the table's name, with its quotes and without the schema.
    pub name_span: Range<usize>,
    /// Whether `TEMP` or `TEMPORARY` was given; SQLite does not keep it in `sqlite_schema`.
    pub temporary: bool,
    /// Whether `IF NOT EXISTS` was given; SQLite does not keep it in `sqlite_schema`.
    pub if_not_exists: bool,
    /// The columns, in order.
    pub columns: Vec<ColumnDefinition>,
    /// The table constraints, in order.
    pub constraints: Vec<TableConstraint>,
    /// The span of the parenthesis that closes the list of columns and constraints.
    pub closing_parenthesis: Range<usize>,
    /// Whether the table option `WITHOUT ROWID` was given.
    pub without_rowid: bool,
    /// Whether the table option `STRICT` was given.
    pub strict: bool,
}

/// The definition of one column (`column-def`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnDefinition {
    /// The column's name, without quotes.
    pub name: String,
    /// The span of the column's name, with its quotes.
    pub name_span: Range<usize>,
    /// The declared type exactly as `PRAGMA table_xinfo` reports it.
    ///
    /// This is the source text, except that SQLite unquotes it and writes its standard types
    /// (`INTEGER`, `TEXT`, …) in upper case. `None` if no type is declared, for which SQLite
    /// reports the empty string.
    pub declared_type: Option<String>,
    /// The `NOT NULL` constraint; the last one if there are several.
    pub not_null: Option<NotNull>,
    /// The `DEFAULT` clause; the last one if there are several.
    pub default: Option<DefaultValue>,
    /// The `PRIMARY KEY` constraint written at the column.
    pub primary_key: Option<PrimaryKey>,
    /// The `UNIQUE` constraints written at the column.
    pub unique: Vec<Unique>,
    /// The `CHECK` constraints written at the column.
    pub checks: Vec<Check>,
    /// The foreign keys (`REFERENCES`) written at the column.
    pub references: Vec<ForeignKey>,
    /// The collation of the `COLLATE` clause, without quotes; the last one if there are several.
    pub collation: Option<String>,
    /// The `[GENERATED ALWAYS] AS (…)` clause.
    pub generated: Option<Generated>,
    /// The span from the column's name to its last constraint.
    pub span: Range<usize>,
}

/// The `NOT NULL` constraint of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotNull {
    /// The name given with `CONSTRAINT`, without quotes.
    pub name: Option<String>,
    /// The `ON CONFLICT` clause.
    pub on_conflict: Option<ConflictResolution>,
}

/// The `DEFAULT` clause of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultValue {
    /// The name given with `CONSTRAINT`, without quotes.
    pub name: Option<String>,
    /// The source text as `PRAGMA table_xinfo` reports it in `dflt_value`.
    ///
    /// The text includes the sign and a string's quotes, but not the parentheses around an
    /// expression.
    pub text: String,
    /// Whether the source has the text in parentheses, as every real expression must be.
    pub parenthesised: bool,
}

impl DefaultValue {
    /// Returns the default as an expression that means the same between parentheses.
    ///
    /// Without parentheses, SQLite reads a name as a string, quoted or not. With parentheses,
    /// SQLite reads the name as a column.
    #[must_use]
    pub fn expression(&self) -> Cow<'_, str> {
        const VALUES: [&str; 6] =
            ["NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"];
        let is_value = VALUES.iter().any(|value| value.eq_ignore_ascii_case(&self.text));
        let kind = match tokenize(&self.text).as_deref() {
            Ok([token]) if !self.parenthesised && !is_value => Some(token.kind),
            _ => None,
        };
        match kind {
            Some(TokenKind::Word | TokenKind::QuotedIdentifier) => {
                Cow::Owned(format!("'{}'", token::dequote(&self.text).replace('\'', "''")))
            }
            _ => Cow::Borrowed(&self.text),
        }
    }
}

/// The `GENERATED ALWAYS AS` clause of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The name given with `CONSTRAINT`, without quotes.
    pub name: Option<String>,
    /// The expression's source text.
    pub expression: String,
    /// Whether the column is `STORED`; otherwise it is `VIRTUAL`, which is also the default.
    pub stored: bool,
}

/// One table constraint (`table-constraint`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TableConstraint {
    /// `PRIMARY KEY (…)`
    PrimaryKey(PrimaryKey),
    /// `UNIQUE (…)`
    Unique(Unique),
    /// `CHECK (…)`
    Check(Check),
    /// `FOREIGN KEY (…) REFERENCES …`
    ForeignKey(ForeignKey),
}

/// A primary key, written as a table constraint or at its one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrimaryKey {
    /// The name given with `CONSTRAINT`, without quotes.
    pub name: Option<String>,
    /// The columns of the key, in order.
    pub columns: Vec<IndexedColumn>,
    /// Whether `AUTOINCREMENT` was given.
    pub autoincrement: bool,
    /// The `ON CONFLICT` clause.
    pub on_conflict: Option<ConflictResolution>,
    /// The span of the constraint, from the word `CONSTRAINT` if it has a name.
    pub span: Range<usize>,
}

/// A UNIQUE constraint, written as a table constraint or at its one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The name given with `CONSTRAINT`, without quotes.
    pub name: Option<String>,
    /// The columns that are unique together, in order.
    pub columns: Vec<IndexedColumn>,
    /// The `ON CONFLICT` clause.
    pub on_conflict: Option<ConflictResolution>,
    /// The span of the constraint, from the word `CONSTRAINT` if it has a name.
    pub span: Range<usize>,
}

/// A CHECK constraint, written as a table constraint or at a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The name given with `CONSTRAINT`, without quotes.
    ///
    /// A name belongs to the constraint that directly follows it. `ALTER TABLE … DROP CONSTRAINT`
    /// finds a constraint by the same rule.
    pub name: Option<String>,
    /// The expression's source text.
    pub expression: String,
    /// The `ON CONFLICT` clause, which SQLite accepts at table constraints and then ignores.
    pub on_conflict: Option<ConflictResolution>,
    /// The span of the constraint, from the word `CONSTRAINT` if it has a name.
    pub span: Range<usize>,
}

/// A foreign key (`foreign-key-clause`), written as a table constraint or at its one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// The name given with `CONSTRAINT`, without quotes.
    pub name: Option<String>,
    /// The referring columns of this table.
    pub columns: Vec<String>,
    /// The parent table.
    pub referred_table: String,
    /// The span of the parent table's name, with its quotes.
    pub referred_table_span: Range<usize>,
    /// The parent's columns; empty if none are written, which means its primary key.
    pub referred_columns: Vec<String>,
    /// The `ON DELETE` action.
    pub on_delete: Option<ReferentialAction>,
    /// The `ON UPDATE` action.
    pub on_update: Option<ReferentialAction>,
    /// The name after `MATCH`, which SQLite reads and ignores.
    pub match_name: Option<String>,
    /// The `[NOT] DEFERRABLE` clause.
    pub deferrable: Option<Deferrable>,
    /// The span of the constraint, from the word `CONSTRAINT` if it has a name.
    pub span: Range<usize>,
}

/// The `[NOT] DEFERRABLE [INITIALLY …]` clause of a foreign key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deferrable {
    /// Whether the clause is `DEFERRABLE` rather than `NOT DEFERRABLE`.
    pub deferrable: bool,
    /// The `INITIALLY` part.
    pub initially: Option<InitialCheck>,
}

/// When a foreign key is checked, unless a transaction sets another time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialCheck {
    /// `INITIALLY DEFERRED`
    Deferred,
    /// `INITIALLY IMMEDIATE`
    Immediate,
}

/// What a foreign key does when the parent's row changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferentialAction {
    /// `SET NULL`
    SetNull,
    /// `SET DEFAULT`
    SetDefault,
    /// `CASCADE`
    Cascade,
    /// `RESTRICT`
    Restrict,
    /// `NO ACTION`
    NoAction,
}

/// How an `ON CONFLICT` clause handles a violation (`conflict-clause`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictResolution {
    /// `ROLLBACK`
    Rollback,
    /// `ABORT`
    Abort,
    /// `FAIL`
    Fail,
    /// `IGNORE`
    Ignore,
    /// `REPLACE`
    Replace,
}

/// A column of a PRIMARY KEY or UNIQUE constraint (`indexed-column`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedColumn {
    /// The column's name, without quotes.
    pub name: String,
    /// The collation given here, without quotes; otherwise the column's own applies.
    pub collation: Option<String>,
    /// Whether the order is `DESC`.
    pub descending: bool,
}
