//! A run can have the status KILLED.
//!
//! The CHECK on `runs.status` is replaced by one that admits it, and the column shrinks to the
//! longest status, nine characters. The new CHECK has no name of MLflow's choice.
//!
//! A downgrade refuses the runs that were killed since, as the old CHECK would.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ColumnType;
use mlflow_migrate_core::schema::op::ColumnChange;
use mlflow_migrate_core::schema::platform::Dialect;

pub(crate) fn revision() -> Revision {
    Revision::new("cfd24bdc0731")
        .after("2b4d017a5e9b")
        .on("2019-10-11")
        .titled("runs can be killed")
        // MySQL's MODIFY leaves a table's CHECKs alone, so there the old one stays beside the new
        // one, and KILLED stays forbidden, until 0a8213491aaa drops it.
        .except(&[Dialect::Mysql], |revision| {
            revision.alter("runs", |t| {
                t.drop_check("status");
            })
        })
        .alter("runs", |t| {
            t.alter_column("status", ColumnChange::to_type(ColumnType::Varchar(9)));
            t.add_check("status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED')");
        })
}
