//! The queries to `information_schema`.
//!
//! Servers differ in the types of these columns and in the case of their names. So every value is
//! read as text, by its position.

use std::collections::BTreeSet;

use crate::connection::Connection;
use crate::features::Features;
use crate::tables;
use crate::text_protocol::{self, TextRow};

/// One row, with its values in the order of the query's columns; the first is the table's name.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(TextRow);

impl Record {
    /// Returns a value, empty where the value is NULL.
    pub(super) fn text(&self, position: usize) -> &str {
        self.optional(position).unwrap_or_default()
    }

    /// Returns a value, `None` where the value is NULL.
    pub(super) fn optional(&self, position: usize) -> Option<&str> {
        self.0.get(position)?.as_deref()
    }
}

#[cfg(test)]
impl<const N: usize> From<[Option<&str>; N]> for Record {
    fn from(values: [Option<&str>; N]) -> Self {
        Self(values.into_iter().map(|value| value.map(ToOwned::to_owned)).collect())
    }
}

/// What `information_schema` lists about the current database.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalogue {
    /// The collation of new tables.
    pub(super) collation: Option<String>,
    /// Table, collation.
    pub(super) tables: Vec<Record>,
    /// Table, column, default, nullable, type, collation, extra, expression.
    pub(super) columns: Vec<Record>,
    /// Table, index, non-unique, column, prefix length, order, kind, expression, reason for no use.
    pub(super) indexes: Vec<Record>,
    /// Table, constraint, column, other database, other table, other column.
    pub(super) foreign_keys: Vec<Record>,
    /// Table, constraint, on delete, on update.
    pub(super) rules: Vec<Record>,
    /// Table, constraint, expression, and on MySQL whether the server enforces it.
    pub(super) checks: Vec<Record>,
    /// Table, trigger, time, event, statement.
    pub(super) triggers: Vec<Record>,
}

impl Catalogue {
    pub(super) async fn read(
        connection: &mut Connection,
        features: &Features,
    ) -> Result<Self, sqlx::Error> {
        let collation = records(connection, COLLATION.to_owned()).await?;
        let indexes = records(connection, indexes(features)).await?;
        Ok(Self {
            collation: collation.first().and_then(|it| it.optional(0)).map(ToOwned::to_owned),
            tables: tables(connection, &indexes).await?,
            columns: records(connection, columns(features)).await?,
            indexes,
            foreign_keys: records(connection, FOREIGN_KEYS.to_owned()).await?,
            rules: records(connection, RULES.to_owned()).await?,
            checks: match checks(features) {
                Some(query) => records(connection, query.to_owned()).await?,
                None => Vec::new(),
            },
            triggers: records(connection, TRIGGERS.to_owned()).await?,
        })
    }
}

/// Returns the names of all tables, also of those that cannot be opened.
pub(super) async fn table_names(connection: &mut Connection) -> Result<Vec<String>, sqlx::Error> {
    let tables = records(connection, TABLES.to_owned()).await?;
    Ok(tables.iter().map(|table| table.text(0).to_owned()).collect())
}

/// Reads the tables that can be opened.
///
/// A table of which only the definition remains has no index.
async fn tables(
    connection: &mut Connection,
    indexes: &[Record],
) -> Result<Vec<Record>, sqlx::Error> {
    let indexed: BTreeSet<&str> = indexes.iter().map(|index| index.text(0)).collect();
    let mut tables = Vec::new();
    for table in records(connection, TABLES.to_owned()).await? {
        if indexed.contains(table.text(0)) || tables::is_there(connection, table.text(0)).await? {
            tables.push(table);
        }
    }
    Ok(tables)
}

async fn records(connection: &mut Connection, query: String) -> Result<Vec<Record>, sqlx::Error> {
    let rows = text_protocol::rows(connection, query).await?;
    Ok(rows.into_iter().map(Record).collect())
}

const COLLATION: &str = "SELECT DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA \
                         WHERE SCHEMA_NAME = DATABASE()";

/// Base tables, without views; MariaDB calls a table with history `SYSTEM VERSIONED`.
const TABLES: &str = "SELECT TABLE_NAME, TABLE_COLLATION FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() \
                      AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')";

fn columns(features: &Features) -> String {
    let expression = if features.generated_columns() { "GENERATION_EXPRESSION" } else { "NULL" };
    format!(
        "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, COLUMN_TYPE, \
         COLLATION_NAME, EXTRA, {expression} FROM information_schema.COLUMNS \
         WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
}

fn indexes(features: &Features) -> String {
    let expression = if features.expression_indexes() { "EXPRESSION" } else { "NULL" };
    let in_use = if features.invisible_indexes() {
        "IF(IS_VISIBLE = 'NO', 'INVISIBLE', NULL)"
    } else if features.ignored_indexes() {
        "IF(IGNORED = 'YES', 'IGNORED', NULL)"
    } else {
        "NULL"
    };
    format!(
        "SELECT TABLE_NAME, INDEX_NAME, NON_UNIQUE, COLUMN_NAME, SUB_PART, COLLATION, INDEX_TYPE, \
         {expression}, {in_use} FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX"
    )
}

const FOREIGN_KEYS: &str = "SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, \
     IF(REFERENCED_TABLE_SCHEMA = DATABASE(), NULL, REFERENCED_TABLE_SCHEMA), \
     REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE \
     WHERE TABLE_SCHEMA = DATABASE() AND REFERENCED_TABLE_NAME IS NOT NULL \
     ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION";

const RULES: &str = "SELECT TABLE_NAME, CONSTRAINT_NAME, DELETE_RULE, UPDATE_RULE \
                     FROM information_schema.REFERENTIAL_CONSTRAINTS \
                     WHERE CONSTRAINT_SCHEMA = DATABASE()";

/// Returns the query for CHECKs, where the server enforces them.
///
/// MySQL's `CHECK_CONSTRAINTS` does not name the table of a CHECK, but MySQL's CHECK names are
/// unique in a database. MariaDB's are unique only in a table.
fn checks(features: &Features) -> Option<&'static str> {
    if !features.enforces_checks() {
        None
    } else if features.is_mariadb() {
        Some(
            "SELECT TABLE_NAME, CONSTRAINT_NAME, CHECK_CLAUSE \
             FROM information_schema.CHECK_CONSTRAINTS \
             WHERE CONSTRAINT_SCHEMA = DATABASE() ORDER BY TABLE_NAME, CONSTRAINT_NAME",
        )
    } else {
        Some(
            "SELECT owner.TABLE_NAME, owner.CONSTRAINT_NAME, clause.CHECK_CLAUSE, owner.ENFORCED \
             FROM information_schema.CHECK_CONSTRAINTS AS clause \
             JOIN information_schema.TABLE_CONSTRAINTS AS owner \
             ON owner.CONSTRAINT_SCHEMA = clause.CONSTRAINT_SCHEMA \
             AND owner.CONSTRAINT_NAME = clause.CONSTRAINT_NAME \
             AND owner.CONSTRAINT_TYPE = 'CHECK' \
             WHERE clause.CONSTRAINT_SCHEMA = DATABASE() \
             ORDER BY owner.TABLE_NAME, owner.CONSTRAINT_NAME",
        )
    }
}

/// Triggers, by the database of their table, which is also the trigger's.
///
/// Only a condition on `EVENT_OBJECT_SCHEMA` keeps older servers from looking at all databases.
const TRIGGERS: &str = "SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, \
                        EVENT_MANIPULATION, ACTION_STATEMENT FROM information_schema.TRIGGERS \
                        WHERE EVENT_OBJECT_SCHEMA = DATABASE() ORDER BY TRIGGER_NAME";
