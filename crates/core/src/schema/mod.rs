//! Models what a database holds, as values that can be read, edited and compared.
//!
//! A revision does not describe a table, but edits it. So the model starts from the live schema,
//! including whatever a user has added. Every edit of the path is applied to the model before
//! anything is changed.

mod collation;
mod column;
mod column_difference;
mod constraint;
mod convention;
mod dependent;
mod difference;
mod edit;
mod index;
mod innodb;
mod object;
pub mod op;
pub mod platform;
mod raw_text;
mod referred_key;
mod rename;
mod table;
mod words;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use column::{
    Column, ColumnType, DefaultValue, Generated, big_integer, binary, boolean, date, double, float,
    integer, json, long_text, medium_text, text, varchar,
};
pub use column_difference::{ColumnDifference, ColumnProperty};
pub use constraint::{Check, ForeignKey, PrimaryKey, ReferentialAction, Unique};
pub use dependent::Dependent;
pub(crate) use dependent::quote;
pub(crate) use difference::by_name;
pub use difference::{Detail, Difference, DifferenceKind, differences};
pub use edit::EditError;
pub use index::{Index, IndexColumn};
pub use object::Object;
pub use raw_text::{RawText, is_one_statement};
pub(crate) use referred_key::is_same_name;
pub use rename::rename_in_expression;
pub use table::{Table, TableOptions, Trigger};
pub use words::{mentions, names_column, without_casts_to_text};

/// The tables of one database (on PostgreSQL, of one of its schemas).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Schema {
    /// All tables, by name.
    pub tables: BTreeMap<String, Table>,
    /// The default collation of new tables (MySQL).
    pub collation: Option<String>,
}

impl Schema {
    /// Returns the table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    /// Adds a table, or replaces the one of the same name.
    pub fn insert(&mut self, table: Table) {
        self.tables.insert(table.name.clone(), table);
    }

    /// Clears the former names of columns.
    ///
    /// Afterwards the model describes the live database.
    pub fn settle(&mut self) {
        self.tables.values_mut().for_each(Table::settle);
    }
}
