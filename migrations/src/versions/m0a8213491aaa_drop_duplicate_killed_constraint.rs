//! On MySQL the old CHECK on `runs.status`, which forbids KILLED, goes.
//!
//! cfd24bdc0731 left it beside its replacement. Servers that parse a CHECK and forget it (MySQL
//! before 8.0.16) have none to drop, and on SQLite and PostgreSQL it is gone already.
//!
//! A downgrade refuses the runs that were killed since, as the old CHECK would.

use mlflow_migrate_core::history::revision::Revision;

pub(crate) fn revision() -> Revision {
    Revision::new("0a8213491aaa")
        .after("cfd24bdc0731")
        .on("2020-01-28")
        .titled("old check of status goes")
        .when(
            |platform| platform.is_mysql() && platform.enforces_checks,
            |revision| {
                revision.alter("runs", |t| {
                    t.drop_check("status");
                })
            },
        )
}
