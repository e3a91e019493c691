//! Names that no other object of these tests has, on a server that they share.

use std::sync::atomic::{AtomicU32, Ordering};

/// A user's name that no other user of these tests has. MySQL 5.6 takes 16 characters.
#[must_use]
pub fn next_user() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("test{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A name that no other database of these tests has.
#[must_use]
pub fn next_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("mlflow_migrate_test_{}_{number}", std::process::id())
}
