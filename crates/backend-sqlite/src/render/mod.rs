//! Renders the schema model as SQLite's DDL, in SQLAlchemy's style.
//!
//! MLflow's own tools read these texts with SQLAlchemy's regular expressions.

mod column;
mod index;
mod parts;
mod table;

pub(crate) use column::{column, is_constant};
pub(crate) use index::create_index;
pub(crate) use parts::{column_list, parenthesised};
pub use table::create_table;
pub(crate) use table::create_table_as;
