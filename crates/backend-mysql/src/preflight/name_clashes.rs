//! Names that are taken: by a user's own object that bears a name which MLflow comes to use, or one that
//! this tool makes up while it swaps tables. An upgrade fills, renames and drops what is called so, and
//! none is under way: these tables are somebody else's.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, TakenName};

use crate::database::Mysql;
use crate::{swap_tables, text_protocol};

/// Foreign keys and triggers have names that are unique in a database, and a view is called as no table
/// is. An object's table is in the same database as the object; only a condition on the table's keeps older
/// servers from opening the tables of all databases, which others may be dropping.
const HELD: &str = "SELECT 'foreign key', CONSTRAINT_NAME, TABLE_NAME \
        FROM information_schema.TABLE_CONSTRAINTS \
        WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'FOREIGN KEY' \
    UNION ALL SELECT 'trigger', TRIGGER_NAME, EVENT_OBJECT_TABLE FROM information_schema.TRIGGERS \
        WHERE EVENT_OBJECT_SCHEMA = DATABASE() \
    UNION ALL SELECT 'view', TABLE_NAME, TABLE_NAME FROM information_schema.TABLES \
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'VIEW'";

/// So have CHECKs, but for MariaDB's.
const CHECKS: &str = "SELECT 'CHECK', CONSTRAINT_NAME, TABLE_NAME \
    FROM information_schema.TABLE_CONSTRAINTS \
    WHERE TABLE_SCHEMA = DATABASE() AND CONSTRAINT_TYPE = 'CHECK'";

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let own = swap_tables::list(&mut database.connection, &database.context).await?;
    if !own.is_empty() {
        let objects = own.iter().map(|name| format!("table {name}")).collect();
        return Err(Error::NamesTaken { objects });
    }
    let mut held = Vec::new();
    let checks = (!database.features.is_mariadb()).then_some(CHECKS);
    for sql in [HELD].into_iter().chain(checks) {
        let found = text_protocol::rows(&mut database.connection, sql).await;
        let action = "looking for names that are taken";
        let found = found.map_err(|source| database.context.error(action, source))?;
        held.extend(found.iter().filter_map(|row| held_name(row)));
    }
    plan.refuse_taken_names(&held, |held, new| held == new)
}

fn held_name(row: &[Option<String>]) -> Option<TakenName> {
    let [Some(word), Some(name), Some(table)] = row else { return None };
    Some(TakenName::new(word.clone(), name.clone(), table.clone()))
}
