//! What depends on a column that gets another type, or goes.
//!
//! PostgreSQL refuses to change a column's type under a view, a policy or a trigger that names it,
//! and would refuse it only when the upgrade comes to it.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableChange;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::platform::Dialect;
use mlflow_migrate_core::schema::Schema;
use sqlx::Row as _;

use crate::connect::Postgres;

const ACTION: &str = "looking for what depends on a column";

/// A view depends on a column through the rule that makes it one.
const DEPENDENTS: &str = "SELECT DISTINCT c.relname::text, a.attname::text, coalesce(\
        CASE v.relkind WHEN 'v' THEN 'a view ' WHEN 'm' THEN 'a materialized view ' \
            ELSE 'a rule on ' END || v.oid::regclass::text, \
        'a ' || pg_describe_object(d.classid, d.objid, 0)) \
    FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid \
    LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid \
    LEFT JOIN pg_class v ON v.oid = r.ev_class \
    WHERE n.nspname = $1 AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 \
    AND d.classid IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass) \
    ORDER BY 1, 2, 3";

struct Dependent {
    table: String,
    column: String,
    object: String,
}

impl Postgres {
    pub(crate) async fn check_dependents(
        &mut self,
        plan: &Plan,
        live: &Schema,
    ) -> Result<(), Error> {
        let rows = self.catalog(DEPENDENTS, ACTION).await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(Dependent {
                table: row.try_get(0)?,
                column: row.try_get(1)?,
                object: row.try_get(2)?,
            })
        };
        let dependents: sqlx::Result<Vec<Dependent>> = rows.iter().map(read).collect();
        let dependents = dependents.map_err(|source| self.context().error(ACTION, source))?;
        for change in plan.changes() {
            let columns = disturbed_columns(change, live);
            let obstacles: Vec<String> = dependents
                .iter()
                .filter(|it| it.table == change.after.name && columns.contains(&it.column.as_str()))
                .map(|it| format!("{} that depends on its column {}", it.object, it.column))
                .collect();
            if !obstacles.is_empty() {
                let table = change.after.name.clone();
                return Err(Error::Inexpressible { table, obstacles });
            }
        }
        Ok(())
    }
}

/// The live columns that go, or get another type.
fn disturbed_columns<'a>(change: &'a TableChange, live: &Schema) -> Vec<&'a str> {
    let Some(before) = &change.before else { return Vec::new() };
    let is_live = |name: &str| {
        live.table(&before.name).is_some_and(|table| table.find_column(name).is_some())
    };
    before
        .columns
        .iter()
        .filter(|old| {
            let new = change.after.columns.iter().find(|new| new.live_name() == old.name);
            let type_of = |column: &mlflow_migrate_core::schema::Column| {
                column.column_type.sql(Dialect::Postgres).to_ascii_uppercase()
            };
            new.is_none_or(|new| type_of(new) != type_of(old) || new.collation != old.collation)
        })
        .map(|column| column.name.as_str())
        .filter(|name| is_live(name))
        .collect()
}
