//! What depends on a column that gets another type, or goes.
//!
//! PostgreSQL refuses to change a column's type, or to drop it, under a view, a policy or whatever
//! else its catalog notes as dependent, and would refuse it only when the upgrade comes to it. What
//! it drops with a column by itself the plan knows.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::TableChange;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::platform::Dialect;
use mlflow_migrate_core::schema::{Column, Dependent, Schema};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::connect::Postgres;

const ACTION: &str = "looking for what depends on a column";

/// A view depends on a column through the rule that makes it one, a generated column through its
/// expression, before PostgreSQL 15 as a column. A publication's list of columns does not keep one
/// from getting another type, its condition does.
const DEPENDENTS: &str = "\
    WITH dependent AS (\
        SELECT DISTINCT c.oid AS relation, c.relname, a.attname, d.classid, d.objid, d.objsubid \
        FROM pg_depend d JOIN pg_class c ON c.oid = d.refobjid \
        JOIN pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid \
        WHERE n.nspname = $1 AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0) \
    SELECT d.relname::text, d.attname::text, true, true, false, \
        CASE v.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' \
            ELSE 'rule ' || quote_ident(r.rulename) || ' on ' END || v.oid::regclass::text, \
        CASE v.relkind WHEN 'v' THEN 'DROP VIEW ' WHEN 'm' THEN 'DROP MATERIALIZED VIEW ' \
            ELSE 'DROP RULE ' || quote_ident(r.rulename) || ' ON ' END || v.oid::regclass::text \
        FROM dependent d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class \
        WHERE d.classid = 'pg_rewrite'::regclass \
    UNION SELECT d.relname::text, d.attname::text, true, true, false, 'policy ' || p.polname, \
        format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass) \
        FROM dependent d JOIN pg_policy p ON p.oid = d.objid \
        WHERE d.classid = 'pg_policy'::regclass \
    UNION SELECT d.relname::text, d.attname::text, false, true, false, 'trigger ' || t.tgname, \
        format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass) \
        FROM dependent d JOIN pg_trigger t ON t.oid = d.objid AND NOT t.tgisinternal \
        WHERE d.classid = 'pg_trigger'::regclass \
    UNION SELECT d.relname::text, d.attname::text, true, to_jsonb(p) ->> 'prqual' IS NOT NULL, \
        false, 'publication ' || b.pubname, \
        format('ALTER PUBLICATION %I DROP TABLE %s', b.pubname, p.prrelid::regclass) \
        FROM dependent d JOIN pg_publication_rel p ON p.oid = d.objid \
        JOIN pg_publication b ON b.oid = p.prpubid \
        WHERE d.classid = 'pg_publication_rel'::regclass \
    UNION SELECT d.relname::text, d.attname::text, true, true, false, \
        'function ' || d.objid::regprocedure::text, 'DROP ROUTINE ' || d.objid::regprocedure::text \
        FROM dependent d WHERE d.classid = 'pg_proc'::regclass \
    UNION SELECT d.relname::text, d.attname::text, false, true, false, 'generated column ' || g.attname, \
        format('ALTER TABLE %s DROP COLUMN %I', g.attrelid::regclass, g.attname) \
        FROM dependent d LEFT JOIN pg_attrdef e \
            ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid \
        JOIN pg_attribute g ON g.attgenerated <> '' AND g.attname <> d.attname \
            AND (g.attrelid = e.adrelid AND g.attnum = e.adnum \
                OR d.classid = 'pg_class'::regclass AND d.objid = d.relation \
                    AND g.attrelid = d.objid AND g.attnum = d.objsubid) \
    UNION SELECT c.relname::text, a.attname::text, true, true, true, \
        'table ' || i.inhparent::regclass::text || ', which has the column too', \
        format('ALTER TABLE %s NO INHERIT %s', c.oid::regclass, i.inhparent::regclass) \
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition \
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1 \
        JOIN pg_attribute a ON a.attrelid = i.inhrelid AND a.attinhcount > 0 \
        JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND p.attnum > 0 \
    ORDER BY 1, 2, 6";

struct Found {
    table: String,
    column: String,
    /// Whether the server would not drop the column; what core finds by itself does not count.
    keeps_column: bool,
    /// Whether it would not give the column another type.
    keeps_type: bool,
    /// Whether it would not rename the column.
    keeps_name: bool,
    dependent: Dependent,
}

/// A live column, and what becomes of it.
struct Disturbed<'a> {
    column: &'a str,
    fate: Fate,
}

#[derive(Clone, Copy)]
enum Fate {
    Goes,
    GetsAnotherType,
    GetsAnotherName,
}

impl Fate {
    fn words(self) -> &'static str {
        match self {
            Self::Goes => "goes",
            Self::GetsAnotherType => "gets another type",
            Self::GetsAnotherName => "gets another name",
        }
    }

    fn is_kept_by(self, found: &Found) -> bool {
        match self {
            Self::Goes => found.keeps_column,
            Self::GetsAnotherType => found.keeps_type,
            Self::GetsAnotherName => found.keeps_name,
        }
    }
}

impl Postgres {
    pub(crate) async fn check_dependents(
        &mut self,
        plan: &Plan,
        live: &Schema,
    ) -> Result<Vec<Error>, Error> {
        let rows = self.catalog(DEPENDENTS, ACTION).await?;
        let read = |row: &PgRow| {
            Ok(Found {
                table: row.try_get(0)?,
                column: row.try_get(1)?,
                keeps_column: row.try_get(2)?,
                keeps_type: row.try_get(3)?,
                keeps_name: row.try_get(4)?,
                dependent: Dependent { object: row.try_get(5)?, remedy: Some(row.try_get(6)?) },
            })
        };
        let found: sqlx::Result<Vec<Found>> = rows.iter().map(read).collect();
        let found = found.map_err(|source| self.context().error(ACTION, source))?;
        let mut problems = Vec::new();
        for change in plan.changes() {
            for disturbed in disturbed_columns(change, live) {
                let is_in_the_way = |found: &&Found| {
                    found.table == change.after.name
                        && found.column == disturbed.column
                        && disturbed.fate.is_kept_by(found)
                };
                let dependents: Vec<Dependent> =
                    found.iter().filter(is_in_the_way).map(|it| it.dependent.clone()).collect();
                if !dependents.is_empty() {
                    problems.push(Error::Dependents {
                        table: change.after.name.clone(),
                        column: disturbed.column.to_owned(),
                        fate: disturbed.fate.words().to_owned(),
                        dependents,
                    });
                }
            }
        }
        Ok(problems)
    }
}

/// The live columns that go, or get another type or name.
fn disturbed_columns<'a>(change: &'a TableChange, live: &Schema) -> Vec<Disturbed<'a>> {
    let Some(before) = &change.before else { return Vec::new() };
    let is_live = |name: &str| {
        live.table(&before.name).is_some_and(|table| table.find_column(name).is_some())
    };
    let type_of = |column: &Column| column.column_type.sql(Dialect::Postgres).to_ascii_uppercase();
    let fate =
        |old: &Column| match change.after.columns.iter().find(|it| it.live_name() == old.name) {
            None => Some(Fate::Goes),
            Some(new) if type_of(new) != type_of(old) || new.collation != old.collation => {
                Some(Fate::GetsAnotherType)
            }
            Some(new) => (new.name != old.name).then_some(Fate::GetsAnotherName),
        };
    let live = before.columns.iter().filter(|old| is_live(&old.name));
    live.filter_map(|old| Some(Disturbed { column: &old.name, fate: fate(old)? })).collect()
}
