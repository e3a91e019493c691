//! On MySQL `metrics.is_nan` has its default of 0 again.
//!
//! 39d1c3be5f05 lost it there. Each time MLflow states the column it adds the CHECK that belongs
//! to it, so where CHECKs are enforced `metrics` has the same one twice from here on.
//!
//! Could be undone, but there is no use in it.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;

pub(crate) fn revision() -> Revision {
    Revision::new("c48cb773bb87")
        .after("39d1c3be5f05")
        .on("2021-04-02")
        .titled("is_nan is 0 by default")
        .only(&[Dialect::Mysql], |revision| {
            revision.alter("metrics", |t| {
                t.alter_column("is_nan", ColumnChange::default().server_default("0"));
                t.add_check("is_nan IN (0, 1)");
            })
        })
}
