//! Processes a table in ranges of its key, over several connections.
//!
//! Each range is a transaction, which also records that the range is done. So the server's undo log
//! stays short, and an interrupted upgrade resumes with the ranges that are left.

mod fill;
pub(crate) mod notes;
mod range;
mod ranges;
mod workers;

pub(crate) use fill::{Fill, Statement};
pub(crate) use notes::Note;
pub(crate) use range::key;
pub(crate) use ranges::Ranges;
pub(crate) use workers::all_ended;
