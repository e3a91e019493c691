//! What depends on a column that gets another type, or goes.
//!
//! PostgreSQL refuses to change a column's type, or to drop it, under a view, a policy or whatever
//! else its catalog notes as dependent, and would refuse it only when the upgrade comes to it. What
//! it drops with a column by itself the plan knows.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, TableChange};
use mlflow_migrate_core::schema::platform::Dialect;
use mlflow_migrate_core::schema::{Column, Dependent, Schema};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "looking for what depends on a column";

/// A view depends on a column through the rule that makes it one, a generated column through its
/// expression, before PostgreSQL 15 as a column. A publication's list of columns does not keep one
/// from getting another type, its condition does.
///
/// The server changes a column in a table's partitions too, and in all tables that inherit from it, so what
/// depends on the column there counts as well; what these have only from the table goes with that.
///
/// Views over views come first, as they have to be dropped. An exclusion constraint goes with a column of
/// its key, but not with one that its condition or an expression names, as its index does.
const DEPENDENTS: &str = "\
    WITH RECURSIVE family AS (\
        SELECT c.oid AS relation, c.relname, true AS is_own FROM pg_class c \
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 \
        UNION SELECT i.inhrelid, f.relname, false FROM family f \
            JOIN pg_inherits i ON i.inhparent = f.relation), \
    dependent AS (\
        SELECT DISTINCT c.relation, c.relname, c.is_own, a.attname, d.classid, d.objid, d.objsubid \
        FROM pg_depend d JOIN family c ON c.relation = d.refobjid \
        JOIN pg_attribute a ON a.attrelid = c.relation AND a.attnum = d.refobjsubid \
        WHERE d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0), \
    rewritten AS (\
        SELECT d.relname, d.attname, d.objid AS rule, 0 AS depth FROM dependent d \
            WHERE d.classid = 'pg_rewrite'::regclass \
        UNION SELECT w.relname, w.attname, d.objid, w.depth + 1 \
            FROM rewritten w JOIN pg_rewrite r ON r.oid = w.rule \
            JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') \
            JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid \
                AND d.classid = 'pg_rewrite'::regclass AND d.objid <> w.rule \
            WHERE w.depth < 100) \
    SELECT w.relname::text, w.attname::text, true, true, false, \
        CASE v.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' \
            ELSE 'rule ' || quote_ident(r.rulename) || ' on ' END || v.oid::regclass::text, \
        CASE v.relkind WHEN 'v' THEN 'DROP VIEW ' WHEN 'm' THEN 'DROP MATERIALIZED VIEW ' \
            ELSE 'DROP RULE ' || quote_ident(r.rulename) || ' ON ' END || v.oid::regclass::text, \
        max(w.depth) \
        FROM rewritten w JOIN pg_rewrite r ON r.oid = w.rule JOIN pg_class v ON v.oid = r.ev_class \
        GROUP BY w.relname, w.attname, v.relkind, r.rulename, v.oid \
    UNION SELECT d.relname::text, d.attname::text, d.classid = 'pg_class'::regclass, false, false, \
        'exclusion constraint ' || k.conname, \
        format('ALTER TABLE %s DROP CONSTRAINT %I', k.conrelid::regclass, k.conname), 0 \
        FROM dependent d JOIN pg_constraint k ON k.contype = 'x' AND k.coninhcount = 0 \
            AND k.conrelid = d.relation AND k.conindid = d.objid \
        WHERE d.classid = 'pg_class'::regclass \
    UNION SELECT d.relname::text, d.attname::text, true, true, false, 'policy ' || p.polname, \
        format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass), 0 \
        FROM dependent d JOIN pg_policy p ON p.oid = d.objid \
        WHERE d.classid = 'pg_policy'::regclass \
    UNION SELECT d.relname::text, d.attname::text, NOT d.is_own, true, false, 'trigger ' || t.tgname, \
        format('DROP TRIGGER %I ON %s', t.tgname, t.tgrelid::regclass), 0 \
        FROM dependent d JOIN pg_trigger t ON t.oid = d.objid AND NOT t.tgisinternal \
            AND coalesce(to_jsonb(t) ->> 'tgparentid', '0') = '0' \
        WHERE d.classid = 'pg_trigger'::regclass \
    UNION SELECT d.relname::text, d.attname::text, true, to_jsonb(p) ->> 'prqual' IS NOT NULL, \
        false, 'publication ' || b.pubname, \
        format('ALTER PUBLICATION %I DROP TABLE ONLY %s', b.pubname, p.prrelid::regclass), 0 \
        FROM dependent d JOIN pg_publication_rel p ON p.oid = d.objid \
        JOIN pg_publication b ON b.oid = p.prpubid \
        WHERE d.classid = 'pg_publication_rel'::regclass \
    UNION SELECT d.relname::text, d.attname::text, true, true, false, \
        'function ' || d.objid::regprocedure::text, 'DROP ROUTINE ' || d.objid::regprocedure::text, 0 \
        FROM dependent d WHERE d.classid = 'pg_proc'::regclass \
    UNION SELECT d.relname::text, d.attname::text, NOT d.is_own, true, false, \
        'generated column ' || g.attname, \
        format('ALTER TABLE %s DROP COLUMN %I', g.attrelid::regclass, g.attname), 0 \
        FROM dependent d LEFT JOIN pg_attrdef e \
            ON d.classid = 'pg_attrdef'::regclass AND e.oid = d.objid \
        JOIN pg_attribute g ON g.attgenerated <> '' AND g.attname <> d.attname \
            AND g.attinhcount = 0 \
            AND (g.attrelid = e.adrelid AND g.attnum = e.adnum \
                OR d.classid = 'pg_class'::regclass AND d.objid = d.relation \
                    AND g.attrelid = d.objid AND g.attnum = d.objsubid) \
    UNION SELECT c.relname::text, a.attname::text, true, true, true, \
        'table ' || i.inhparent::regclass::text || ', which has the column too', \
        format('ALTER TABLE %s NO INHERIT %s', c.oid::regclass, i.inhparent::regclass), 0 \
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition \
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1 \
        JOIN pg_attribute a ON a.attrelid = i.inhrelid AND a.attinhcount > 0 \
        JOIN pg_attribute p ON p.attrelid = i.inhparent AND p.attname = a.attname AND p.attnum > 0 \
    ORDER BY 1, 2, 8 DESC, 6";

/// What depends on a key rather than on its columns: a view that groups by the key and shows more, and a
/// function that names it.
const OF_KEYS: &str = "\
    SELECT c.relname::text, k.conname::text, \
        CASE v.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' \
            ELSE 'rule ' || quote_ident(r.rulename) || ' on ' END || v.oid::regclass::text, \
        CASE v.relkind WHEN 'v' THEN 'DROP VIEW ' WHEN 'm' THEN 'DROP MATERIALIZED VIEW ' \
            ELSE 'DROP RULE ' || quote_ident(r.rulename) || ' ON ' END || v.oid::regclass::text \
        FROM pg_depend d JOIN pg_constraint k ON k.oid = d.refobjid \
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class v ON v.oid = r.ev_class \
        WHERE n.nspname = $1 AND d.refclassid = 'pg_constraint'::regclass \
            AND d.classid = 'pg_rewrite'::regclass \
    UNION SELECT c.relname::text, k.conname::text, 'function ' || d.objid::regprocedure::text, \
        'DROP ROUTINE ' || d.objid::regprocedure::text \
        FROM pg_depend d JOIN pg_constraint k ON k.oid = d.refobjid \
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND d.refclassid = 'pg_constraint'::regclass \
            AND d.classid = 'pg_proc'::regclass \
    ORDER BY 1, 2, 3";

/// The columns that hold rows of a table, also in arrays, in other composite types and in domains. For
/// their sake PostgreSQL does not change the type of one of its columns, nor add one with a default.
const OF_ROW_TYPES: &str = "\
    WITH RECURSIVE used AS (\
        SELECT a.attrelid, a.attname, a.atttypid AS type FROM pg_attribute a \
            JOIN pg_class k ON k.oid = a.attrelid AND k.relkind IN ('r', 'p', 'm', 'f') \
            JOIN pg_namespace n ON n.oid = k.relnamespace AND n.nspname <> 'pg_catalog' \
            WHERE a.attnum > 0 AND NOT a.attisdropped \
        UNION SELECT u.attrelid, u.attname, part.type FROM used u JOIN pg_type t ON t.oid = u.type \
            CROSS JOIN LATERAL (\
                SELECT t.typelem WHERE t.typelem <> 0 \
                UNION SELECT t.typbasetype WHERE t.typbasetype <> 0 \
                UNION SELECT r.rngsubtype FROM pg_range r WHERE r.rngtypid = t.oid \
                UNION SELECT a.atttypid FROM pg_attribute a \
                    WHERE t.typrelid <> 0 AND a.attrelid = t.typrelid AND a.attnum > 0 \
                    AND NOT a.attisdropped) AS part (type)) \
    SELECT DISTINCT c.relname::text, 'column ' || quote_ident(u.attname) || ' of ' \
            || u.attrelid::regclass::text, \
        format('ALTER TABLE %1$s ALTER COLUMN %2$I TYPE jsonb USING to_jsonb(%2$I)', \
            u.attrelid::regclass, u.attname) \
    FROM used u JOIN pg_type t ON t.oid = u.type JOIN pg_class c ON c.oid = t.typrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') ORDER BY 1, 2";

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

pub(crate) async fn check(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<Error>, Error> {
    let rows = statements::catalog(database, DEPENDENTS, ACTION).await?;
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
    let found = found.map_err(|source| database.context().error(ACTION, source))?;
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
            let part = format!("column {}", disturbed.column);
            problems.extend(refusal(change, part, disturbed.fate.words(), dependents));
        }
    }
    problems.extend(check_keys(database, plan).await?);
    problems.extend(check_row_types(database, plan, live).await?);
    Ok(problems)
}

/// What depends on keys that go.
async fn check_keys(database: &mut Postgres, plan: &Plan) -> Result<Vec<Error>, Error> {
    let found: Vec<[String; 4]> = rows_of_texts(database, OF_KEYS).await?;
    let mut problems = Vec::new();
    for change in plan.changes() {
        for key in replaced_keys(change) {
            let of_key = found
                .iter()
                .filter(|[table, name, ..]| *table == change.after.name && *name == key);
            let dependents = of_key.map(|[_, _, object, remedy]| dependent(object, remedy));
            let part = format!("key {key}");
            problems.extend(refusal(change, part, "is replaced", dependents.collect()));
        }
    }
    Ok(problems)
}

/// What holds rows of tables whose rows change.
async fn check_row_types(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<Error>, Error> {
    let found: Vec<[String; 3]> = rows_of_texts(database, OF_ROW_TYPES).await?;
    let changed = plan.changes().filter(|change| changes_rows(change, live));
    let refused = changed.filter_map(|change| {
        let of_table = found.iter().filter(|[table, ..]| *table == change.after.name);
        let dependents = of_table.map(|[_, object, remedy]| dependent(object, remedy));
        refusal(change, "the row type".to_owned(), "changes", dependents.collect())
    });
    Ok(refused.collect())
}

async fn rows_of_texts<const N: usize>(
    database: &mut Postgres,
    sql: &'static str,
) -> Result<Vec<[String; N]>, Error> {
    let mut found = Vec::new();
    for row in statements::catalog(database, sql, ACTION).await? {
        let mut texts = [const { String::new() }; N];
        for (position, text) in texts.iter_mut().enumerate() {
            *text = row.try_get(position).map_err(|it| database.context().error(ACTION, it))?;
        }
        found.push(texts);
    }
    Ok(found)
}

fn dependent(object: &str, remedy: &str) -> Dependent {
    Dependent { object: object.to_owned(), remedy: Some(remedy.to_owned()) }
}

fn refusal(
    change: &TableChange,
    part: String,
    fate: &str,
    dependents: Vec<Dependent>,
) -> Option<Error> {
    let (table, fate) = (change.after.name.clone(), fate.to_owned());
    (!dependents.is_empty()).then_some(Error::Dependents { table, part, fate, dependents })
}

/// The names of the keys that are dropped, if only to be made anew.
fn replaced_keys(change: &TableChange) -> Vec<String> {
    let Some(before) = &change.before else { return Vec::new() };
    let primary =
        before.primary_key.iter().filter(|key| change.after.primary_key.as_ref() != Some(*key));
    let uniques = before.uniques.iter().filter(|key| !change.after.uniques.contains(key));
    let names = primary.map(|key| &key.name).chain(uniques.map(|key| &key.name));
    names.filter_map(Clone::clone).collect()
}

/// Whether a column gets another type, or one with a value of its own is added.
fn changes_rows(change: &TableChange, live: &Schema) -> bool {
    let retyped = disturbed_columns(change, live);
    let before = change.before.as_ref();
    let is_new = |column: &&Column| {
        before.is_some_and(|before| before.find_column(column.live_name()).is_none())
    };
    let has_value = |column: &Column| column.default.is_some() || column.generated.is_some();
    retyped.iter().any(|it| matches!(it.fate, Fate::GetsAnotherType))
        || change.after.columns.iter().filter(is_new).any(has_value)
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
