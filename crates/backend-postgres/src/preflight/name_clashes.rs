//! Finds objects of the user whose names MLflow's new objects need.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{NameKind, Plan, TakenName};
use mlflow_migrate_core::schema::platform::Dialect;
use sqlx::Row as _;

use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "looking for names that are taken";

/// Reads all names in the name space that tables, views, sequences and indexes share.
const HELD: &str = "SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' \
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence' \
        WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'index' END, \
    c.relname::text, coalesce(t.relname, c.relname)::text FROM pg_class c \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_index x ON x.indexrelid = c.oid LEFT JOIN pg_class t ON t.oid = x.indrelid \
    WHERE n.nspname = $1";

/// Refuses a plan whose new names are taken.
pub(crate) async fn check(database: &mut Postgres, plan: &Plan) -> Result<(), Error> {
    let rows = statements::catalog(database, HELD, ACTION).await?;
    let read = rows
        .iter()
        .map(|row| Ok(TakenName::new(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)));
    let held: Vec<TakenName> = read
        .collect::<sqlx::Result<_>>()
        .map_err(|source| database.context().error(ACTION, source))?;
    let shares = |_, new| matches!(new, NameKind::Relation | NameKind::Index | NameKind::Key);
    plan.refuse_taken_names(&held, Dialect::Postgres, shares, |_| false)
}
