//! The lock that keeps other upgraders out, and those whom an upgrade waits for.
//!
//! DDL commits whatever transaction is open, so a transaction cannot hold an upgrade together. A
//! named lock can: the server releases it with the connection, however that ends. Where several nodes
//! take writes, a row is claimed besides (see `cluster::claim`).

mod holders;
mod named;
mod probe;
mod upgraders;
mod watch;

pub(crate) use holders::naming_holders;
pub(crate) use named::{release, take};
pub(crate) use probe::lock_briefly;
pub(crate) use upgraders::{other_upgraders, wait_for_mlflow};
pub(crate) use watch::watch;
