//! Makes, finds, checks and restores copies of a database.

mod check;
mod copy;
mod file;
mod find;
mod pages;
mod restore;

pub use check::check_backup;
pub(crate) use copy::back_up;
pub use copy::{PendingCopy, copy};
pub use find::{backup_path, newest_backup};
pub use restore::restore;
