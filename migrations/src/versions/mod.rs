//! One file a revision, named as MLflow names it, in the order of the chain.

use mlflow_migrate_core::history::revision::Revision;

mod m451aebb31d03_add_metric_step;
mod m90e64c465722_migrate_user_column_to_tags;
mod m181f10493468_allow_nulls_for_metric_values;
mod mdf50e92ffc5e_add_experiment_tags_table;
mod m7ac759974ad8_update_run_tags_with_larger_limit;
mod m89d4b8295536_create_latest_metrics_table;
mod m2b4d017a5e9b_add_model_registry_tables_to_db;
mod mcfd24bdc0731_update_run_status_constraint_with_killed;
mod m0a8213491aaa_drop_duplicate_killed_constraint;
mod m728d730b5ebd_add_registered_model_tags_table;
mod m27a6a02d2cf1_add_model_version_tags_table;
mod m84291f40a231_add_run_link_to_model_version;
mod ma8c4a736bde6_allow_nulls_for_run_id;
mod m39d1c3be5f05_add_is_nan_constraint_for_metrics_tables_if_necessary;
mod mc48cb773bb87_reset_default_value_for_is_nan_in_metrics_table_for_mysql;
mod mbd07f7e963c5_create_index_on_run_uuid;
mod m0c779009ac13_add_deleted_time_field_to_runs_table;
mod mcc1f77228345_change_param_value_length_to_500;
mod m97727af70f4d_creation_time_last_update_time_experiments;
mod m3500859a5d39_add_model_aliases_table;
mod m7f2a7d5fae7d_add_datasets_inputs_input_tags_tables;
mod m2d6e25af4d3e_increase_max_param_val_length;
mod macf3f17fdcc7_add_storage_location_field_to_model;
mod m867495a8f9d4_add_trace_tables;
mod m5b0e9adcef9c_add_cascade_deletion_to_trace_tables_fk;
mod m4465047574b1_increase_max_dataset_schema_size;
mod mf5a4f2784254_increase_run_tag_value_limit;
mod m0584bdc529eb_add_cascading_deletion_to_datasets_from_experiments;
mod m400f98739977_add_logged_model_tables;
mod m6953534de441_add_step_to_inputs_table;
mod mbda7b8c39065_increase_model_version_tag_value_limit;
mod mcbc13b556ace_add_v3_trace_schema_columns;
mod m770bee3ae1dd_add_assessments_table;
mod ma1b2c3d4e5f6_add_spans_table;
mod mde4033877273_create_entity_associations;
mod m1a0cddfcaa16_add_webhooks_and_webhook_events_tables;
mod m534353b11cbc_add_scorer_table;
mod m71994744cf8e_add_evaluation_datasets;
mod m3da73c924c2f_add_outputs_to_dataset_record;
mod mbf29a5ff90ea_add_jobs_table;
mod m1bd49d398cd23_add_secrets_tables;
mod mb7c8d9e0f1a2_add_trace_metrics_table;
mod m5d2d30f0abce_update_job_table;
mod mc9d4e5f6a7b8_add_routing_strategy_to_endpoints;
mod m2c33131f4dae_add_online_scoring_configs_table;
mod md3e4f5a6b7c8_add_display_name_to_endpoint_bindings;
mod md0e1f2a3b4c5_add_experiment_id_to_endpoints;
mod mc8d9e0f1a2b3_add_span_metrics_and_dimension_attributes;
mod m1b5f0d9ad7c1_add_workspace_columns_and_catalog;
mod me1f2a3b4c5d6_add_budget_policies_table;
mod m76601a5f987d_add_issues_table;
mod mc3d6457b6d8a_add_status_details_column_to_jobs_table;
mod ma5b4c3d2e1f0_add_metrics_run_key_step_index;
mod mae8bbe7743c9_add_guardrails_tables;
mod m7d34483879f0_add_model_version_tags_workspace_index;
mod mda6fb0208061_add_workspaces_trace_archival_location;
mod m89d3d66ed43f_add_label_schemas_table;
mod mb7e4c1a90f23_add_review_queue_tables;
mod ma8b9c0d1e2f3_add_mcp_server_registry_tables;
mod mc1d2e3f4a5b6_add_span_experiment_start_time_index;
mod mc3d9e7f1a2b4_add_target_value_to_budget_policies;
mod m6f8d9c3b2a1e_add_experiment_fk_cascades;
mod m1971f2d9a75b_add_trace_archival_candidate_index;
mod m17e22815139b_increase_experiment_tag_value_limit;
mod mb7e2c1a4d9f3_add_jobs_creator;
mod m75868b020152_add_sql_trace_analytics_schema;
mod mdc11669786a5_add_job_executor_persistence_model;
mod me7d1f4b2a9c6_add_skill_registry_tables;
mod m8b6ad64cb8f5_extend_issue_contract;
mod mf4a9b2c7d1e6_make_mcp_versions_case_sensitive;

/// Returns every revision, each after its parent.
pub(crate) fn all() -> Vec<Revision> {
    vec![
        m451aebb31d03_add_metric_step::revision(),
        m90e64c465722_migrate_user_column_to_tags::revision(),
        m181f10493468_allow_nulls_for_metric_values::revision(),
        mdf50e92ffc5e_add_experiment_tags_table::revision(),
        m7ac759974ad8_update_run_tags_with_larger_limit::revision(),
        m89d4b8295536_create_latest_metrics_table::revision(),
        m2b4d017a5e9b_add_model_registry_tables_to_db::revision(),
        mcfd24bdc0731_update_run_status_constraint_with_killed::revision(),
        m0a8213491aaa_drop_duplicate_killed_constraint::revision(),
        m728d730b5ebd_add_registered_model_tags_table::revision(),
        m27a6a02d2cf1_add_model_version_tags_table::revision(),
        m84291f40a231_add_run_link_to_model_version::revision(),
        ma8c4a736bde6_allow_nulls_for_run_id::revision(),
        m39d1c3be5f05_add_is_nan_constraint_for_metrics_tables_if_necessary::revision(),
        mc48cb773bb87_reset_default_value_for_is_nan_in_metrics_table_for_mysql::revision(),
        mbd07f7e963c5_create_index_on_run_uuid::revision(),
        m0c779009ac13_add_deleted_time_field_to_runs_table::revision(),
        mcc1f77228345_change_param_value_length_to_500::revision(),
        m97727af70f4d_creation_time_last_update_time_experiments::revision(),
        m3500859a5d39_add_model_aliases_table::revision(),
        m7f2a7d5fae7d_add_datasets_inputs_input_tags_tables::revision(),
        m2d6e25af4d3e_increase_max_param_val_length::revision(),
        macf3f17fdcc7_add_storage_location_field_to_model::revision(),
        m867495a8f9d4_add_trace_tables::revision(),
        m5b0e9adcef9c_add_cascade_deletion_to_trace_tables_fk::revision(),
        m4465047574b1_increase_max_dataset_schema_size::revision(),
        mf5a4f2784254_increase_run_tag_value_limit::revision(),
        m0584bdc529eb_add_cascading_deletion_to_datasets_from_experiments::revision(),
        m400f98739977_add_logged_model_tables::revision(),
        m6953534de441_add_step_to_inputs_table::revision(),
        mbda7b8c39065_increase_model_version_tag_value_limit::revision(),
        mcbc13b556ace_add_v3_trace_schema_columns::revision(),
        m770bee3ae1dd_add_assessments_table::revision(),
        ma1b2c3d4e5f6_add_spans_table::revision(),
        mde4033877273_create_entity_associations::revision(),
        m1a0cddfcaa16_add_webhooks_and_webhook_events_tables::revision(),
        m534353b11cbc_add_scorer_table::revision(),
        m71994744cf8e_add_evaluation_datasets::revision(),
        m3da73c924c2f_add_outputs_to_dataset_record::revision(),
        mbf29a5ff90ea_add_jobs_table::revision(),
        m1bd49d398cd23_add_secrets_tables::revision(),
        mb7c8d9e0f1a2_add_trace_metrics_table::revision(),
        m5d2d30f0abce_update_job_table::revision(),
        mc9d4e5f6a7b8_add_routing_strategy_to_endpoints::revision(),
        m2c33131f4dae_add_online_scoring_configs_table::revision(),
        md3e4f5a6b7c8_add_display_name_to_endpoint_bindings::revision(),
        md0e1f2a3b4c5_add_experiment_id_to_endpoints::revision(),
        mc8d9e0f1a2b3_add_span_metrics_and_dimension_attributes::revision(),
        m1b5f0d9ad7c1_add_workspace_columns_and_catalog::revision(),
        me1f2a3b4c5d6_add_budget_policies_table::revision(),
        m76601a5f987d_add_issues_table::revision(),
        mc3d6457b6d8a_add_status_details_column_to_jobs_table::revision(),
        ma5b4c3d2e1f0_add_metrics_run_key_step_index::revision(),
        mae8bbe7743c9_add_guardrails_tables::revision(),
        m7d34483879f0_add_model_version_tags_workspace_index::revision(),
        mda6fb0208061_add_workspaces_trace_archival_location::revision(),
        m89d3d66ed43f_add_label_schemas_table::revision(),
        mb7e4c1a90f23_add_review_queue_tables::revision(),
        ma8b9c0d1e2f3_add_mcp_server_registry_tables::revision(),
        mc1d2e3f4a5b6_add_span_experiment_start_time_index::revision(),
        mc3d9e7f1a2b4_add_target_value_to_budget_policies::revision(),
        m6f8d9c3b2a1e_add_experiment_fk_cascades::revision(),
        m1971f2d9a75b_add_trace_archival_candidate_index::revision(),
        m17e22815139b_increase_experiment_tag_value_limit::revision(),
        mb7e2c1a4d9f3_add_jobs_creator::revision(),
        m75868b020152_add_sql_trace_analytics_schema::revision(),
        mdc11669786a5_add_job_executor_persistence_model::revision(),
        me7d1f4b2a9c6_add_skill_registry_tables::revision(),
        m8b6ad64cb8f5_extend_issue_contract::revision(),
        mf4a9b2c7d1e6_make_mcp_versions_case_sensitive::revision(),
    ]
}
