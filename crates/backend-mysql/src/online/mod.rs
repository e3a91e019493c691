//! Changes tables while other programs use them.

mod indexes;
mod load;
mod session;
mod tables;

pub(crate) use indexes::{create_index, drop_index};
pub(crate) use load::running_statements;
pub(crate) use session::begin;
pub(crate) use tables::{change_briefly, drop_table};
