//! Indexes on `run_uuid` in the four tables that belong to a run.
//!
//! Their primary keys begin with the key, so finding what belongs to one run meant reading the
//! whole table on SQLite and PostgreSQL. InnoDB had an index for each foreign key already, and
//! drops it now that another one covers it.
//!
//! Could be undone by dropping the indexes.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::Index;

pub(crate) fn revision() -> Revision {
    Revision::new("bd07f7e963c5")
        .after("c48cb773bb87")
        .on("2022-03-03")
        .titled("indexes on run_uuid")
        .create_index("params", Index::new("index_params_run_uuid", &["run_uuid"]))
        .create_index("metrics", Index::new("index_metrics_run_uuid", &["run_uuid"]))
        .create_index("latest_metrics", Index::new("index_latest_metrics_run_uuid", &["run_uuid"]))
        .create_index("tags", Index::new("index_tags_run_uuid", &["run_uuid"]))
}
