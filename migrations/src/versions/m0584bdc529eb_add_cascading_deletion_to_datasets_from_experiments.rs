//! The datasets of an experiment are deleted with it.
//!
//! Before this, an experiment with datasets could not be deleted for good. The foreign key had no
//! name, or one that the server chose; from here on it has the same name everywhere.
//!
//! Could be undone by making the foreign key again without the rule.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::ForeignKey;

pub(crate) fn revision() -> Revision {
    Revision::new("0584bdc529eb")
        .after("f5a4f2784254")
        .on("2024-11-11")
        .titled("deleting an experiment's datasets cascades")
        .alter("datasets", |t| {
            t.drop_foreign_key(&["experiment_id"]);
            t.add_foreign_key(
                ForeignKey::new(&["experiment_id"], "experiments", &["experiment_id"])
                    .named("fk_datasets_experiment_id_experiments")
                    .on_delete_cascade(),
            );
        })
}
