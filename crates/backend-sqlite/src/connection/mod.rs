//! Connections to database files: opening, settings and limits.

mod open;
mod settings;
mod unchanged;
pub(crate) mod unwritable;

#[cfg(all(test, unix))]
mod tests;

pub(crate) use open::{open_file, open_temporary};
pub(crate) use settings::{CACHE_SIZE, interrupt_when, set_schema_writable};
pub(crate) use unchanged::Unchanged;
pub(crate) use unwritable::readable;
