//! Refuses a plan whose new names are taken.
//!
//! A user's object may have a name that MLflow introduces, or one that mlflow-migrate gives to a
//! table during a swap. An upgrade fills, renames and drops the tables of a swap. No upgrade is
//! unfinished here, so such tables belong to another program or to the user.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, TakenName};
use mlflow_migrate_core::schema::platform::Dialect;

use crate::database::Mysql;
use crate::{swap_tables, text_protocol};

/// The names of foreign keys, triggers and views, which are unique in a database.
///
/// A view and a table cannot share a name. An object and its table are in the same database. Only a
/// condition on the table's database keeps older servers from opening the tables of all databases,
/// which other sessions may be dropping.
const HELD: &str = "SELECT 'foreign key', CONSTRAINT_NAME, TABLE_NAME \
        FROM information_schema.TABLE_CONSTRAINTS \
        WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'FOREIGN KEY' \
    UNION ALL SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS \
        WHERE EVENT_OBJECT_SCHEMA = DATABASE() \
    UNION ALL SELECT 'view', TABLE_NAME, TABLE_NAME FROM information_schema.TABLES \
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'VIEW'";

/// CHECKs, whose names are unique in a database except on MariaDB.
const CHECKS: &str = "SELECT 'CHECK', CONSTRAINT_NAME, TABLE_NAME \
    FROM information_schema.TABLE_CONSTRAINTS \
    WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'CHECK'";

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let own = swap_tables::list(&mut database.connection, &database.context).await?;
    let as_table = |name: String| TakenName::new("table".to_owned(), name.clone(), name);
    let mut held: Vec<TakenName> = own.into_iter().map(as_table).collect();
    let checks = (!database.features.is_mariadb()).then_some(CHECKS);
    for sql in [HELD].into_iter().chain(checks) {
        let found = text_protocol::rows(&mut database.connection, sql).await;
        let action = "looking for names that are taken";
        let found = found.map_err(|source| database.context.error(action, source))?;
        held.extend(found.iter().filter_map(|row| held_name(row)));
    }
    let is_of_swap = |held: &TakenName| held.word == "table" && swap_tables::includes(&held.name);
    plan.refuse_taken_names(&held, Dialect::Mysql, |held, new| held == new, is_of_swap)
}

fn held_name(row: &[Option<String>]) -> Option<TakenName> {
    let [Some(word), Some(name), Some(table)] = row else { return None };
    Some(TakenName::new(word.clone(), name.clone(), table.clone()))
}
