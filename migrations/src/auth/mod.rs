//! The auth app's revisions: one file each, named as MLflow names it, in the order of the chain.

mod releases;

use mlflow_migrate_core::history::catalogue::MarkedTable;
use mlflow_migrate_core::history::revision::Revision;

mod m8606fa83a998_initial_migration;
mod m0965eb92f5f0_add_scorer_permissions;
mod ma1b2c3d4e5f6_add_gateway_permissions;
mod m2ed73881770d_workspace_permissions;
mod mc3d4e5f6a7b8_add_rbac_tables;
mod me5f6a7b8c9d0_migrate_permissions_to_roles;
mod mf1a2b3c4d5e6_promote_prompt_resource_type;

pub(crate) use releases::releases;

/// Returns the tables by which the auth app is recognised.
///
/// Other programs have a table `users`, too.
pub(crate) fn marks() -> Vec<MarkedTable> {
    let mark = |table: &str, columns: &[&str]| MarkedTable {
        table: table.to_owned(),
        columns: columns.iter().map(ToString::to_string).collect(),
    };
    vec![
        mark("experiment_permissions", &["experiment_id", "user_id", "permission"]),
        mark("registered_model_permissions", &["name", "user_id", "permission"]),
    ]
}

/// Returns every revision, in the order of the chain.
pub(crate) fn all() -> Vec<Revision> {
    vec![
        m8606fa83a998_initial_migration::revision(),
        m0965eb92f5f0_add_scorer_permissions::revision(),
        ma1b2c3d4e5f6_add_gateway_permissions::revision(),
        m2ed73881770d_workspace_permissions::revision(),
        mc3d4e5f6a7b8_add_rbac_tables::revision(),
        me5f6a7b8c9d0_migrate_permissions_to_roles::revision(),
        mf1a2b3c4d5e6_promote_prompt_resource_type::revision(),
    ]
}
