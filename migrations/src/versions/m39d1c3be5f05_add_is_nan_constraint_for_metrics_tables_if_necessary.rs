//! `is_nan` admits only 0 and 1, in `latest_metrics` and `metrics`.
//!
//! Whether an installation had such a CHECK depended on its version of SQLAlchemy. It is needed
//! where a boolean is an integer, so not on PostgreSQL.
//!
//! Could be undone by dropping both CHECKs.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;

pub(crate) fn revision() -> Revision {
    Revision::new("39d1c3be5f05")
        .after("a8c4a736bde6")
        .on("2021-03-16")
        .titled("is_nan is 0 or 1")
        .only(&[Dialect::Sqlite, Dialect::Mysql], |revision| {
            revision
                .alter("latest_metrics", |t| {
                    t.add_check("is_nan IN (0, 1)");
                })
                .alter("metrics", |t| {
                    t.add_check("is_nan IN (0, 1)");
                })
        })
        // MySQL's MODIFY forgets a default that is not stated again; c48cb773bb87 restores it.
        .only(&[Dialect::Mysql], |revision| {
            revision.alter("metrics", |t| {
                t.alter_column("is_nan", ColumnChange::default().without_default());
            })
        })
}
