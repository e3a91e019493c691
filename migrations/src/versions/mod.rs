//! One file a revision, named as MLflow names it.

use mlflow_migrate_core::history::revision::Revision;

#[path = "770bee3ae1dd_add_assessments_table.rs"]
mod add_assessments_table;
#[path = "e1f2a3b4c5d6_add_budget_policies_table.rs"]
mod add_budget_policies_table;
#[path = "5b0e9adcef9c_add_cascade_deletion_to_trace_tables_fk.rs"]
mod add_cascade_deletion_to_trace_tables_fk;
#[path = "0584bdc529eb_add_cascading_deletion_to_datasets_from_experiments.rs"]
mod add_cascading_deletion_to_datasets_from_experiments;
#[path = "7f2a7d5fae7d_add_datasets_inputs_input_tags_tables.rs"]
mod add_datasets_inputs_input_tags_tables;
#[path = "0c779009ac13_add_deleted_time_field_to_runs_table.rs"]
mod add_deleted_time_field_to_runs_table;
#[path = "d3e4f5a6b7c8_add_display_name_to_endpoint_bindings.rs"]
mod add_display_name_to_endpoint_bindings;
#[path = "71994744cf8e_add_evaluation_datasets.rs"]
mod add_evaluation_datasets;
#[path = "6f8d9c3b2a1e_add_experiment_fk_cascades.rs"]
mod add_experiment_fk_cascades;
#[path = "d0e1f2a3b4c5_add_experiment_id_to_endpoints.rs"]
mod add_experiment_id_to_endpoints;
#[path = "df50e92ffc5e_add_experiment_tags_table.rs"]
mod add_experiment_tags_table;
#[path = "ae8bbe7743c9_add_guardrails_tables.rs"]
mod add_guardrails_tables;
#[path = "39d1c3be5f05_add_is_nan_constraint_for_metrics_tables_if_necessary.rs"]
mod add_is_nan_constraint_for_metrics_tables_if_necessary;
#[path = "76601a5f987d_add_issues_table.rs"]
mod add_issues_table;
#[path = "dc11669786a5_add_job_executor_persistence_model.rs"]
mod add_job_executor_persistence_model;
#[path = "b7e2c1a4d9f3_add_jobs_creator.rs"]
mod add_jobs_creator;
#[path = "bf29a5ff90ea_add_jobs_table.rs"]
mod add_jobs_table;
#[path = "89d3d66ed43f_add_label_schemas_table.rs"]
mod add_label_schemas_table;
#[path = "400f98739977_add_logged_model_tables.rs"]
mod add_logged_model_tables;
#[path = "a8b9c0d1e2f3_add_mcp_server_registry_tables.rs"]
mod add_mcp_server_registry_tables;
#[path = "451aebb31d03_add_metric_step.rs"]
mod add_metric_step;
#[path = "a5b4c3d2e1f0_add_metrics_run_key_step_index.rs"]
mod add_metrics_run_key_step_index;
#[path = "3500859a5d39_add_model_aliases_table.rs"]
mod add_model_aliases_table;
#[path = "2b4d017a5e9b_add_model_registry_tables_to_db.rs"]
mod add_model_registry_tables_to_db;
#[path = "27a6a02d2cf1_add_model_version_tags_table.rs"]
mod add_model_version_tags_table;
#[path = "7d34483879f0_add_model_version_tags_workspace_index.rs"]
mod add_model_version_tags_workspace_index;
#[path = "2c33131f4dae_add_online_scoring_configs_table.rs"]
mod add_online_scoring_configs_table;
#[path = "3da73c924c2f_add_outputs_to_dataset_record.rs"]
mod add_outputs_to_dataset_record;
#[path = "728d730b5ebd_add_registered_model_tags_table.rs"]
mod add_registered_model_tags_table;
#[path = "b7e4c1a90f23_add_review_queue_tables.rs"]
mod add_review_queue_tables;
#[path = "c9d4e5f6a7b8_add_routing_strategy_to_endpoints.rs"]
mod add_routing_strategy_to_endpoints;
#[path = "84291f40a231_add_run_link_to_model_version.rs"]
mod add_run_link_to_model_version;
#[path = "534353b11cbc_add_scorer_table.rs"]
mod add_scorer_table;
#[path = "1bd49d398cd23_add_secrets_tables.rs"]
mod add_secrets_tables;
#[path = "e7d1f4b2a9c6_add_skill_registry_tables.rs"]
mod add_skill_registry_tables;
#[path = "c1d2e3f4a5b6_add_span_experiment_start_time_index.rs"]
mod add_span_experiment_start_time_index;
#[path = "c8d9e0f1a2b3_add_span_metrics_and_dimension_attributes.rs"]
mod add_span_metrics_and_dimension_attributes;
#[path = "a1b2c3d4e5f6_add_spans_table.rs"]
mod add_spans_table;
#[path = "75868b020152_add_sql_trace_analytics_schema.rs"]
mod add_sql_trace_analytics_schema;
#[path = "c3d6457b6d8a_add_status_details_column_to_jobs_table.rs"]
mod add_status_details_column_to_jobs_table;
#[path = "6953534de441_add_step_to_inputs_table.rs"]
mod add_step_to_inputs_table;
#[path = "acf3f17fdcc7_add_storage_location_field_to_model_.rs"]
mod add_storage_location_field_to_model;
#[path = "c3d9e7f1a2b4_add_target_value_to_budget_policies.rs"]
mod add_target_value_to_budget_policies;
#[path = "1971f2d9a75b_add_trace_archival_candidate_index.rs"]
mod add_trace_archival_candidate_index;
#[path = "b7c8d9e0f1a2_add_trace_metrics_table.rs"]
mod add_trace_metrics_table;
#[path = "867495a8f9d4_add_trace_tables.rs"]
mod add_trace_tables;
#[path = "cbc13b556ace_add_v3_trace_schema_columns.rs"]
mod add_v3_trace_schema_columns;
#[path = "1a0cddfcaa16_add_webhooks_and_webhook_events_tables.rs"]
mod add_webhooks_and_webhook_events_tables;
#[path = "1b5f0d9ad7c1_add_workspace_columns_and_catalog.rs"]
mod add_workspace_columns_and_catalog;
#[path = "da6fb0208061_add_workspaces_trace_archival_location.rs"]
mod add_workspaces_trace_archival_location;
#[path = "181f10493468_allow_nulls_for_metric_values.rs"]
mod allow_nulls_for_metric_values;
#[path = "a8c4a736bde6_allow_nulls_for_run_id.rs"]
mod allow_nulls_for_run_id;
#[path = "cc1f77228345_change_param_value_length_to_500.rs"]
mod change_param_value_length_to_500;
#[path = "de4033877273_create_entity_associations.rs"]
mod create_entity_associations;
#[path = "bd07f7e963c5_create_index_on_run_uuid.rs"]
mod create_index_on_run_uuid;
#[path = "89d4b8295536_create_latest_metrics_table.rs"]
mod create_latest_metrics_table;
#[path = "97727af70f4d_creation_time_last_update_time_experiments.rs"]
mod creation_time_last_update_time_experiments;
#[path = "0a8213491aaa_drop_duplicate_killed_constraint.rs"]
mod drop_duplicate_killed_constraint;
#[path = "8b6ad64cb8f5_extend_issue_contract.rs"]
mod extend_issue_contract;
#[path = "17e22815139b_increase_experiment_tag_value_limit.rs"]
mod increase_experiment_tag_value_limit;
#[path = "4465047574b1_increase_max_dataset_schema_size.rs"]
mod increase_max_dataset_schema_size;
#[path = "2d6e25af4d3e_increase_max_param_val_length.rs"]
mod increase_max_param_val_length;
#[path = "bda7b8c39065_increase_model_version_tag_value_limit.rs"]
mod increase_model_version_tag_value_limit;
#[path = "f5a4f2784254_increase_run_tag_value_limit.rs"]
mod increase_run_tag_value_limit;
#[path = "f4a9b2c7d1e6_make_mcp_versions_case_sensitive.rs"]
mod make_mcp_versions_case_sensitive;
#[path = "90e64c465722_migrate_user_column_to_tags.rs"]
mod migrate_user_column_to_tags;
#[path = "c48cb773bb87_reset_default_value_for_is_nan_in_metrics_table_for_mysql.rs"]
mod reset_default_value_for_is_nan_in_metrics_table_for_mysql;
#[path = "5d2d30f0abce_update_job_table.rs"]
mod update_job_table;
#[path = "cfd24bdc0731_update_run_status_constraint_with_killed.rs"]
mod update_run_status_constraint_with_killed;
#[path = "7ac759974ad8_update_run_tags_with_larger_limit.rs"]
mod update_run_tags_with_larger_limit;

/// Every revision, each after its parent.
pub(crate) fn all() -> Vec<Revision> {
    vec![
        add_metric_step::revision(),
        migrate_user_column_to_tags::revision(),
        allow_nulls_for_metric_values::revision(),
        add_experiment_tags_table::revision(),
        update_run_tags_with_larger_limit::revision(),
        create_latest_metrics_table::revision(),
        add_model_registry_tables_to_db::revision(),
        update_run_status_constraint_with_killed::revision(),
        drop_duplicate_killed_constraint::revision(),
        add_registered_model_tags_table::revision(),
        add_model_version_tags_table::revision(),
        add_run_link_to_model_version::revision(),
        allow_nulls_for_run_id::revision(),
        add_is_nan_constraint_for_metrics_tables_if_necessary::revision(),
        reset_default_value_for_is_nan_in_metrics_table_for_mysql::revision(),
        create_index_on_run_uuid::revision(),
        add_deleted_time_field_to_runs_table::revision(),
        change_param_value_length_to_500::revision(),
        creation_time_last_update_time_experiments::revision(),
        add_model_aliases_table::revision(),
        add_datasets_inputs_input_tags_tables::revision(),
        increase_max_param_val_length::revision(),
        add_storage_location_field_to_model::revision(),
        add_trace_tables::revision(),
        add_cascade_deletion_to_trace_tables_fk::revision(),
        increase_max_dataset_schema_size::revision(),
        increase_run_tag_value_limit::revision(),
        add_cascading_deletion_to_datasets_from_experiments::revision(),
        add_logged_model_tables::revision(),
        add_step_to_inputs_table::revision(),
        increase_model_version_tag_value_limit::revision(),
        add_v3_trace_schema_columns::revision(),
        add_assessments_table::revision(),
        add_spans_table::revision(),
        create_entity_associations::revision(),
        add_webhooks_and_webhook_events_tables::revision(),
        add_scorer_table::revision(),
        add_evaluation_datasets::revision(),
        add_outputs_to_dataset_record::revision(),
        add_jobs_table::revision(),
        add_secrets_tables::revision(),
        add_trace_metrics_table::revision(),
        update_job_table::revision(),
        add_routing_strategy_to_endpoints::revision(),
        add_online_scoring_configs_table::revision(),
        add_display_name_to_endpoint_bindings::revision(),
        add_experiment_id_to_endpoints::revision(),
        add_span_metrics_and_dimension_attributes::revision(),
        add_workspace_columns_and_catalog::revision(),
        add_budget_policies_table::revision(),
        add_issues_table::revision(),
        add_status_details_column_to_jobs_table::revision(),
        add_metrics_run_key_step_index::revision(),
        add_guardrails_tables::revision(),
        add_model_version_tags_workspace_index::revision(),
        add_workspaces_trace_archival_location::revision(),
        add_label_schemas_table::revision(),
        add_review_queue_tables::revision(),
        add_mcp_server_registry_tables::revision(),
        add_span_experiment_start_time_index::revision(),
        add_target_value_to_budget_policies::revision(),
        add_experiment_fk_cascades::revision(),
        add_trace_archival_candidate_index::revision(),
        increase_experiment_tag_value_limit::revision(),
        add_jobs_creator::revision(),
        add_sql_trace_analytics_schema::revision(),
        add_job_executor_persistence_model::revision(),
        add_skill_registry_tables::revision(),
        extend_issue_contract::revision(),
        make_mcp_versions_case_sensitive::revision(),
    ]
}
