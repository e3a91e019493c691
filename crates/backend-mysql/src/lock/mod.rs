//! The locks that keep other upgraders out, and waiting for other sessions.
//!
//! DDL commits the open transaction, so a transaction cannot hold an upgrade together. A named lock
//! can: the server releases the lock with the connection, however the connection ends. Where
//! several nodes take writes, a row is claimed as well (see `cluster::claim`).

mod holders;
mod named;
mod probe;
mod table_users;
mod upgraders;
mod watch;

pub(crate) use holders::naming_holders;
pub(crate) use named::{lock_name, release, take};
pub(crate) use probe::lock_briefly;
pub(crate) use table_users::table_users;
pub(crate) use upgraders::{other_upgraders, wait_for_mlflow};
pub(crate) use watch::watch;
