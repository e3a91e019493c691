//! The AI gateway moves into the database: secrets, endpoints and the models behind them.
//!
//! `secrets` keeps API keys, encrypted; `model_definitions` names a provider's model and the secret
//! that opens it; `endpoints` are what clients call, mapped to models by `endpoint_model_mappings`,
//! used by resources through `endpoint_bindings`, and labelled by `endpoint_tags`.
//!
//! A secret's id and name take part in its encryption, so that a row in which one of them was
//! changed could never be decrypted again. A trigger therefore refuses such an UPDATE.
//!
//! Only new tables. Dropping them again would lose the secrets for good.

use mlflow_migrate_core::history::revision::Revision;
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{
    ForeignKey, Index, Table, Trigger, big_integer, binary, float, integer, text, varchar,
};

const SQLITE_TRIGGER: &str = "\
CREATE TRIGGER prevent_secrets_aad_mutation
BEFORE UPDATE ON secrets
FOR EACH ROW
WHEN OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name
BEGIN
    SELECT RAISE(ABORT, 'secret_id and secret_name are immutable (used as AAD in encryption)');
END";

const POSTGRES_FUNCTION: &str = "\
CREATE OR REPLACE FUNCTION prevent_secrets_aad_mutation()
RETURNS TRIGGER AS $$
BEGIN
    IF OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name THEN
        RAISE EXCEPTION 'secret_id and secret_name are immutable (used as AAD in encryption)';
    END IF;
    RETURN NEW;
END;
$$ LANGUAGE plpgsql";

const POSTGRES_TRIGGER: &str = "\
CREATE TRIGGER prevent_secrets_aad_mutation
BEFORE UPDATE ON secrets
FOR EACH ROW
EXECUTE FUNCTION prevent_secrets_aad_mutation()";

const MYSQL_TRIGGER: &str = "\
CREATE TRIGGER prevent_secrets_aad_mutation
BEFORE UPDATE ON secrets
FOR EACH ROW
BEGIN
    IF OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name THEN
        SIGNAL SQLSTATE '45000'
        SET MESSAGE_TEXT = 'secret_id and secret_name are immutable (used as AAD in encryption)';
    END IF;
END";

fn immutability(definition: &str, function: Option<&str>) -> Trigger {
    Trigger {
        function: function.map(ToOwned::to_owned),
        ..Trigger::new("prevent_secrets_aad_mutation", definition)
    }
}

pub(crate) fn revision() -> Revision {
    Revision::new("1bd49d398cd23")
        .after("bf29a5ff90ea")
        .on("2025-11-20")
        .titled("tables of secrets, endpoints and models")
        .create_table(
            Table::new("secrets")
                .column(varchar("secret_id", 36).not_null())
                .column(varchar("secret_name", 255).not_null())
                .column(binary("encrypted_value").not_null())
                .column(binary("wrapped_dek").not_null())
                .column(integer("kek_version").not_null())
                .column(varchar("masked_value", 500).not_null())
                .column(varchar("provider", 64))
                .column(text("auth_config"))
                .column(text("description"))
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .column(varchar("last_updated_by", 255))
                .column(big_integer("last_updated_at").not_null())
                .primary_key("secrets_pk", &["secret_id"])
                .index(Index::new("unique_secret_name", &["secret_name"]).unique()),
        )
        .create_table(
            Table::new("endpoints")
                .column(varchar("endpoint_id", 36).not_null())
                .column(varchar("name", 255))
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .column(varchar("last_updated_by", 255))
                .column(big_integer("last_updated_at").not_null())
                .primary_key("endpoints_pk", &["endpoint_id"])
                .index(Index::new("unique_endpoint_name", &["name"]).unique()),
        )
        .create_table(
            Table::new("model_definitions")
                .column(varchar("model_definition_id", 36).not_null())
                .column(varchar("name", 255).not_null())
                .column(varchar("secret_id", 36))
                .column(varchar("provider", 64).not_null())
                .column(varchar("model_name", 256).not_null())
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .column(varchar("last_updated_by", 255))
                .column(big_integer("last_updated_at").not_null())
                .foreign_key(
                    ForeignKey::new(&["secret_id"], "secrets", &["secret_id"])
                        .named("fk_model_definitions_secret_id")
                        .on_delete_set_null(),
                )
                .primary_key("model_definitions_pk", &["model_definition_id"])
                .index(Index::new("unique_model_definition_name", &["name"]).unique())
                .index(Index::new("index_model_definitions_secret_id", &["secret_id"]))
                .index(Index::new("index_model_definitions_provider", &["provider"])),
        )
        .create_table(
            Table::new("endpoint_model_mappings")
                .column(varchar("mapping_id", 36).not_null())
                .column(varchar("endpoint_id", 36).not_null())
                .column(varchar("model_definition_id", 36).not_null())
                .column(float("weight").not_null())
                .column(varchar("created_by", 255))
                .column(big_integer("created_at").not_null())
                .foreign_key(
                    ForeignKey::new(&["endpoint_id"], "endpoints", &["endpoint_id"])
                        .named("fk_endpoint_model_mappings_endpoint_id")
                        .on_delete_cascade(),
                )
                .foreign_key(
                    ForeignKey::new(
                        &["model_definition_id"],
                        "model_definitions",
                        &["model_definition_id"],
                    )
                    .named("fk_endpoint_model_mappings_model_definition_id"),
                )
                .primary_key("endpoint_model_mappings_pk", &["mapping_id"])
                .index(Index::new("index_endpoint_model_mappings_endpoint_id", &["endpoint_id"]))
                .index(Index::new(
                    "index_endpoint_model_mappings_model_definition_id",
                    &["model_definition_id"],
                ))
                .index(
                    Index::new(
                        "unique_endpoint_model_mapping",
                        &["endpoint_id", "model_definition_id"],
                    )
                    .unique(),
                ),
        )
        .create_table(
            Table::new("endpoint_bindings")
                .column(varchar("endpoint_id", 36).not_null())
                .column(varchar("resource_type", 50).not_null())
                .column(varchar("resource_id", 255).not_null())
                .column(big_integer("created_at").not_null())
                .column(varchar("created_by", 255))
                .column(big_integer("last_updated_at").not_null())
                .column(varchar("last_updated_by", 255))
                .foreign_key(
                    ForeignKey::new(&["endpoint_id"], "endpoints", &["endpoint_id"])
                        .named("fk_endpoint_bindings_endpoint_id")
                        .on_delete_cascade(),
                )
                .primary_key(
                    "endpoint_bindings_pk",
                    &["endpoint_id", "resource_type", "resource_id"],
                ),
        )
        .create_table(
            Table::new("endpoint_tags")
                .column(varchar("key", 250).not_null())
                .column(varchar("value", 5000))
                .column(varchar("endpoint_id", 36).not_null())
                .foreign_key(
                    ForeignKey::new(&["endpoint_id"], "endpoints", &["endpoint_id"])
                        .named("fk_endpoint_tags_endpoint_id")
                        .on_delete_cascade(),
                )
                .primary_key("endpoint_tag_pk", &["key", "endpoint_id"])
                .index(Index::new("index_endpoint_tags_endpoint_id", &["endpoint_id"])),
        )
        .only(&[Dialect::Sqlite], |revision| {
            revision.alter("secrets", |t| {
                t.create_trigger(immutability(SQLITE_TRIGGER, None));
            })
        })
        .only(&[Dialect::Postgres], |revision| {
            revision.alter("secrets", |t| {
                t.create_trigger(immutability(POSTGRES_TRIGGER, Some(POSTGRES_FUNCTION)));
            })
        })
        .only(&[Dialect::Mysql], |revision| {
            revision.alter("secrets", |t| {
                t.create_trigger(immutability(MYSQL_TRIGGER, None));
            })
        })
}
