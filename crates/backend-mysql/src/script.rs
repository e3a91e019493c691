//! Renders scripts for the programs `mysql` and `mariadb`.

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::row_checks::{Rules, rules};
use mlflow_migrate_core::plan::{ChangePlan, Plan, TableChange};
use mlflow_migrate_core::rows::inlined;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::schema::{ForeignKey, Schema, Table};
use mlflow_migrate_core::script::{ScriptDialect, ended};
use sea_query::{MysqlQueryBuilder, QueryStatement};

use crate::database::Mysql;
use crate::features::Features;
use crate::login::script_settings;
use crate::preflight::row_checks::{is_copied, spelling};
use crate::quoting::{literal, quote};
use crate::render::{self, Alteration, ColumnAttributes, refuse_raw_texts};
use crate::{change, inspect, latest_metrics};

/// Renders scripts for the programs `mysql` and `mariadb`.
#[derive(Clone, Debug)]
pub struct MysqlScript {
    features: Features,
    platform: Platform,
    /// What the columns of live tables have besides the model, by the table's name.
    attributes: BTreeMap<String, ColumnAttributes>,
}

impl MysqlScript {
    /// Returns the scripts of a server that answers `SELECT VERSION()` with this version.
    ///
    /// # Errors
    /// If the text is no version, or the version is too old.
    pub fn new(version: &str) -> Result<Self, Error> {
        let features = Features::parse(version)?;
        Ok(Self { platform: features.platform(), features, attributes: BTreeMap::new() })
    }

    /// Returns the scripts for a database, whose tables a plan changes.
    pub(crate) async fn of_live(database: &mut Mysql, plan: &Plan) -> Result<Self, Error> {
        let features = database.features.clone();
        let mut attributes = BTreeMap::new();
        for change in plan.changes() {
            let Some(before) = &change.before else { continue };
            let alteration = Alteration::between(before, &change.after, &features);
            let (connection, context) = (&mut database.connection, &database.context);
            let found = inspect::attributes(connection, &alteration, &features, context).await?;
            attributes.entry(before.name.clone()).or_insert_with(BTreeMap::new).extend(found);
        }
        Ok(Self { platform: features.platform(), features, attributes })
    }
}

impl ScriptDialect for MysqlScript {
    fn platform(&self) -> &Platform {
        &self.platform
    }

    fn client(&self) -> &'static str {
        if self.features.is_mariadb() { "mariadb DATABASE < FILE" } else { "mysql DATABASE < FILE" }
    }

    /// Sets the session. The client stops at the first error unless it is run with `--force`.
    fn opening(&self) -> String {
        ended("SET NAMES utf8mb4") + &ended(&script_settings())
    }

    fn closing(&self) -> String {
        String::new()
    }

    fn require(&self, condition: &str, message: &str) -> String {
        render::require(condition, message)
    }

    fn say(&self, message: &str) -> String {
        format!("SELECT {} AS done;\n", literal(message))
    }

    fn change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        refuse_raw_texts(change)?;
        let none = ColumnAttributes::new();
        let attributes = self.attributes.get(&change.after.name).unwrap_or(&none);
        change::scripted(change, attributes, &self.features)
    }

    fn rules(&self, plan: &Plan, live: &Schema) -> Vec<Rules> {
        let checks = self.features.later_ones_check_references_of_copies();
        let again =
            |change: &TableChange, _: &ForeignKey| checks && is_copied(change, &self.features);
        rules(plan, live, spelling(&self.features), &again)
    }

    fn statement(&self, statement: &QueryStatement) -> String {
        inlined(statement, MysqlQueryBuilder)
    }

    fn latest_metrics(&self, metrics: &Table) -> Option<Vec<String>> {
        latest_metrics::script(metrics)
    }

    fn drop_table(&self, table: &str) -> String {
        format!("DROP TABLE {}", quote(table))
    }
}
