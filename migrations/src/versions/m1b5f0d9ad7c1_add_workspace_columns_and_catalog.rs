//! One server can hold several workspaces, in which the same names mean different things.
//!
//! Twelve tables get a `workspace`; everything that exists is in the workspace `default`, which is
//! the first row of the new table `workspaces`. Names are unique within a workspace and no longer
//! in the whole database, so:
//!
//! * `experiments`, `secrets`, `endpoints` and `model_definitions` trade their unique name for a
//!   unique pair of workspace and name;
//! * the five tables of the model registry get the workspace at the head of their primary keys and
//!   of the foreign keys between them;
//! * the jobs' index includes the workspace.
//!
//! PostgreSQL has no unique key over `registered_models.name` to drop: it saw that the one which
//! 2b4d017a5e9b asked for is the primary key, and made only that.
//!
//! MySQL had made an index for the old foreign key of each of the two tables of tags. It does not
//! drop such an index with its key, so both stay.
//!
//! MLflow cannot go back either once two workspaces use the same name.

use mlflow_migrate_core::data::DefaultWorkspace;
use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Column, ForeignKey, Index, Table, text, varchar};

fn workspace() -> Column {
    varchar("workspace", 63).not_null().server_default("default")
}

pub(crate) fn revision() -> Revision {
    Revision::new("1b5f0d9ad7c1")
        .after("c8d9e0f1a2b3")
        .on("2026-01-16")
        .titled("names belong to workspaces")
        .alter("experiments", |t| {
            t.drop_unique(&["name"]);
            t.add_column(workspace());
            t.add_unique("uq_experiments_workspace_name", &["workspace", "name"]);
        })
        .except(&[Dialect::Postgres], |revision| {
            revision.alter("registered_models", |t| {
                t.drop_unique(&["name"]);
            })
        })
        .alter("registered_models", |t| {
            t.add_column(workspace());
            t.primary_key("registered_model_pk", &["workspace", "name"]);
        })
        .alter("model_versions", |t| {
            t.add_column(workspace());
            t.drop_foreign_key(&["name"]);
            t.primary_key("model_version_pk", &["workspace", "name", "version"]);
            t.add_foreign_key(
                ForeignKey::new(
                    &["workspace", "name"],
                    "registered_models",
                    &["workspace", "name"],
                )
                .named("fk_model_versions_registered_models")
                .on_update_cascade(),
            );
        })
        .alter("registered_model_tags", |t| {
            t.add_column(workspace());
            t.drop_foreign_key(&["name"]);
            t.primary_key("registered_model_tag_pk", &["workspace", "key", "name"]);
            t.add_foreign_key(
                ForeignKey::new(
                    &["workspace", "name"],
                    "registered_models",
                    &["workspace", "name"],
                )
                .named("fk_registered_model_tags_registered_models")
                .on_update_cascade(),
            );
        })
        .alter("model_version_tags", |t| {
            t.add_column(workspace());
            t.drop_foreign_key(&["name", "version"]);
            t.primary_key("model_version_tag_pk", &["workspace", "key", "name", "version"]);
            t.add_foreign_key(
                ForeignKey::new(
                    &["workspace", "name", "version"],
                    "model_versions",
                    &["workspace", "name", "version"],
                )
                .named("fk_model_version_tags_model_versions")
                .on_update_cascade(),
            );
        })
        .alter("registered_model_aliases", |t| {
            t.add_column(workspace());
            t.drop_foreign_key(&["name"]);
            t.primary_key("registered_model_alias_pk", &["workspace", "name", "alias"]);
            t.add_foreign_key(
                ForeignKey::new(
                    &["workspace", "name"],
                    "registered_models",
                    &["workspace", "name"],
                )
                .named("fk_registered_model_aliases_registered_models")
                .on_update_cascade()
                .on_delete_cascade(),
            );
        })
        .add_column("evaluation_datasets", workspace())
        .add_column("webhooks", workspace())
        .alter("secrets", |t| {
            t.drop_unique(&["secret_name"]);
            t.add_column(workspace());
            t.add_unique("uq_secrets_workspace_secret_name", &["workspace", "secret_name"]);
        })
        .alter("endpoints", |t| {
            t.drop_unique(&["name"]);
            t.add_column(workspace());
            t.add_unique("uq_endpoints_workspace_name", &["workspace", "name"]);
        })
        .alter("model_definitions", |t| {
            t.drop_unique(&["name"]);
            t.add_column(workspace());
            t.add_unique("uq_model_definitions_workspace_name", &["workspace", "name"]);
        })
        .alter("jobs", |t| {
            t.drop_index("index_jobs_name_status_creation_time");
            t.add_column(workspace());
            t.create_index(Index::new(
                "index_jobs_name_status_creation_time",
                &["job_name", "workspace", "status", "creation_time"],
            ));
        })
        .create_index("experiments", Index::new("idx_experiments_workspace", &["workspace"]))
        .create_index(
            "registered_models",
            Index::new("idx_registered_models_workspace", &["workspace"]),
        )
        .create_index(
            "experiments",
            Index::new("idx_experiments_workspace_creation_time", &["workspace", "creation_time"]),
        )
        .create_index(
            "evaluation_datasets",
            Index::new("idx_evaluation_datasets_workspace", &["workspace"]),
        )
        .create_index("webhooks", Index::new("idx_webhooks_workspace", &["workspace"]))
        .create_index("secrets", Index::new("idx_secrets_workspace", &["workspace"]))
        .create_index("endpoints", Index::new("idx_endpoints_workspace", &["workspace"]))
        .create_index(
            "model_definitions",
            Index::new("idx_model_definitions_workspace", &["workspace"]),
        )
        .create_table(
            Table::new("workspaces")
                .column(varchar("name", 63).not_null())
                .column(text("description"))
                .column(text("default_artifact_root"))
                .primary_key("workspaces_pk", &["name"]),
        )
        .migrate(DefaultWorkspace)
}
