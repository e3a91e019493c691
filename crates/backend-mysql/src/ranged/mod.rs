//! Long work that is done range by range of a key, over several connections.
//!
//! Each range is a transaction of its own, which notes that the range is done. So the server never has
//! to keep what it would need to take back everything, and an upgrade that is interrupted goes on with
//! the ranges that are left.

mod fill;
pub(crate) mod notes;
mod range;
mod ranges;

pub(crate) use fill::{Fill, Statement};
pub(crate) use notes::Note;
pub(crate) use range::key;
pub(crate) use ranges::Ranges;
