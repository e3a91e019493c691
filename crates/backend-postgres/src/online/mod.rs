//! Changes tables while other programs use them.

mod beside;
mod indexes;
mod load;
mod rows;
mod tables;

pub(crate) use indexes::{create_index, drop_index, partitioned};
pub(crate) use load::running_statements;
pub(crate) use rows::rows_online;
pub(crate) use tables::{change_briefly, drop_table};
