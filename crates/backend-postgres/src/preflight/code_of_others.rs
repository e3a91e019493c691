//! Refuses code of other roles that the statements of an upgrade could call.
//!
//! PostgreSQL chooses the function or operator whose types fit a call best. One in the schema may
//! fit better than the server's own: an `=` of two `varchar` fits better than the `=` of two
//! `text`. A trigger is called in any case. All of them run with the privileges of the user who
//! upgrades.
//!
//! So an operator in the schema must belong to a superuser, or to a role that has the user's
//! privileges anyway. The same holds for a function in the schema that has the name of a function
//! of the server. Objects of extensions are never called, nor are objects that take other types
//! than the server's. Types are safe: statements of this crate name the server's types, which come
//! first, or the types of the tables' own columns.
//!
//! A table's owner has accepted its triggers. Only a superuser has more privileges to lose than the
//! owner.
//!
//! If another role could create such objects, a superuser locks the catalogs until the upgrade
//! ends. Other users cannot lock the catalogs, so objects that are created after the check go
//! unnoticed.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::database::Postgres;
use crate::statements;
use crate::version_table::VERSION_TABLE;

const ACTION: &str = "looking for code of other roles";

/// The number of objects that a message names.
const NAMED: usize = 5;

/// The roles whose code may run: superusers, and roles with the session user's privileges anyway.
///
/// The session's user counts rather than the current user, since code can undo a `SET ROLE`.
macro_rules! trusted {
    () => {
        "(SELECT r.oid FROM pg_roles r \
          WHERE r.rolsuper OR pg_has_role(r.oid, session_user, 'MEMBER'))"
    };
}

/// Reads whether the user is a superuser, and another role may create objects in the schema.
///
/// The server's predefined roles, `pg_…`, have no sessions and do not count.
const CREATORS: &str = concat!(
    "SELECT EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND r.rolname = current_user) \
     AND EXISTS (SELECT FROM pg_roles c, pg_namespace n WHERE n.nspname = $1 \
        AND left(c.rolname::text, 3) <> 'pg_' AND has_schema_privilege(c.oid, n.oid, 'CREATE') \
        AND c.oid NOT IN ",
    trusted!(),
    ")"
);

/// Reads each object, its owner, and the statement that drops the object.
const IN_SCHEMA: &str = concat!(
    "SELECT 'operator ' || o.oid::regoperator::text, pg_get_userbyid(o.oprowner)::text, \
        'DROP OPERATOR ' || o.oid::regoperator::text \
     FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace \
     JOIN pg_proc p ON p.oid = o.oprcode::oid \
     WHERE n.nspname = $1 AND (o.oprowner NOT IN ",
    trusted!(),
    " OR p.proowner NOT IN ",
    trusted!(),
    ") AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = o.oid \
        AND d.classid = 'pg_operator'::regclass::oid) \
     AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (o.oprleft, o.oprright) \
        AND t.typnamespace <> 'pg_catalog'::regnamespace::oid) \
     UNION ALL \
     SELECT 'function ' || p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, \
        'DROP ROUTINE ' || p.oid::regprocedure::text \
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
     WHERE n.nspname = $1 AND p.proowner NOT IN ",
    trusted!(),
    " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = p.oid \
        AND d.classid = 'pg_proc'::regclass::oid) \
     AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes::oid[]) \
        AND t.typnamespace <> 'pg_catalog'::regnamespace::oid) \
     AND EXISTS (SELECT FROM pg_proc s WHERE s.pronamespace = 'pg_catalog'::regnamespace::oid \
        AND s.proname = p.proname) ORDER BY 1"
);

/// Reads each part of a table that calls a function, and the statement that removes the part.
///
/// The columns are the table, the part, whether only a change of rows calls the function, the
/// function, its owner, and the statement.
const ON_TABLES: &str = concat!(
    "SELECT c.relname::text, a.kind, a.is_of_rows, p.oid::regprocedure::text, \
        pg_get_userbyid(p.proowner)::text, a.remedy \
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
     CROSS JOIN LATERAL ( \
        SELECT 'trigger ' || t.tgname::text AS kind, true AS is_of_rows, t.tgfoid::oid AS function, \
            format('DROP TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname) AS remedy \
        FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D' \
        UNION ALL \
        SELECT 'rule ' || w.rulename::text, true, d.refobjid, \
            format('DROP RULE %I ON %I.%I', w.rulename, n.nspname, c.relname) \
        FROM pg_rewrite w JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass::oid \
            AND d.objid = w.oid AND d.refclassid = 'pg_proc'::regclass::oid WHERE w.ev_class = c.oid \
        UNION ALL \
        SELECT 'constraint ' || k.conname::text, false, d.refobjid, \
            format('ALTER TABLE %I.%I DROP CONSTRAINT %I', n.nspname, c.relname, k.conname) \
        FROM pg_constraint k JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass::oid \
            AND d.objid = k.oid AND d.refclassid = 'pg_proc'::regclass::oid WHERE k.conrelid = c.oid \
        UNION ALL \
        SELECT 'column ' || t.attname::text, false, d.refobjid, \
            format('ALTER TABLE %I.%I ALTER COLUMN %I DROP DEFAULT', n.nspname, c.relname, t.attname) \
        FROM pg_attrdef f JOIN pg_attribute t ON t.attrelid = f.adrelid AND t.attnum = f.adnum \
            JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass::oid AND d.objid = f.oid \
            AND d.refclassid = 'pg_proc'::regclass::oid WHERE f.adrelid = c.oid \
        UNION ALL \
        SELECT 'index ' || i.relname::text, false, d.refobjid, \
            format('DROP INDEX %I.%I', n.nspname, i.relname) \
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
            JOIN pg_depend d ON d.classid = 'pg_class'::regclass::oid AND d.objid = i.oid \
            AND d.refclassid = 'pg_proc'::regclass::oid WHERE x.indrelid = c.oid) AS a \
     JOIN pg_proc p ON p.oid = a.function \
     WHERE n.nspname = $1 \
     AND (pg_get_userbyid(c.relowner) <> current_user \
        OR EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND r.rolname = current_user)) \
     AND p.proowner NOT IN ",
    trusted!(),
    " ORDER BY 1, 2"
);

/// An object of another role, in the words of a message.
struct Found {
    object: String,
    owner: String,
    remedy: String,
}

/// Refuses operators and functions of other roles in the schema.
///
/// Until this check, only the server's own schema may be in the `search_path`.
pub(crate) async fn refuse_in_schema(database: &mut Postgres) -> Result<(), Error> {
    if database.is_upgrade() {
        let rows = statements::catalog(database, CREATORS, ACTION).await?;
        let is_due = rows.first().map_or(Ok(false), |row| row.try_get(0));
        if is_due.map_err(|source| database.context().error(ACTION, source))? {
            let sql = "LOCK TABLE pg_proc, pg_operator IN SHARE ROW EXCLUSIVE MODE";
            statements::run_soon(database, sql.to_owned(), "keeping others from making functions")
                .await?;
        }
    }
    let read = |row: &PgRow| {
        Ok(Found { object: row.try_get(0)?, owner: row.try_get(1)?, remedy: row.try_get(2)? })
    };
    let rows = statements::catalog(database, IN_SCHEMA, ACTION).await?;
    let found: sqlx::Result<Vec<Found>> = rows.iter().map(read).collect();
    let found = found.map_err(|source| database.context().error(ACTION, source))?;
    if found.is_empty() { Ok(()) } else { Err(untrusted(database, &found)) }
}

/// Refuses functions of other roles that the plan's changes of tables and rows would call.
pub(crate) async fn refuse_calls_of_tables(
    database: &mut Postgres,
    plan: &Plan,
) -> Result<(), Error> {
    let altered: BTreeSet<&str> = plan.changes().map(|it| it.after.name.as_str()).collect();
    let mut written = BTreeSet::from([VERSION_TABLE]);
    for step in &plan.steps {
        if let Step::Migrate { migration, .. } = step {
            written.extend(migration.writes().iter().map(|(table, _)| *table));
        }
    }
    let mut found = Vec::new();
    for row in statements::catalog(database, ON_TABLES, ACTION).await? {
        let failed = |source| database.context().error(ACTION, source);
        let text = |at: usize| row.try_get::<String, _>(at).map_err(failed);
        let (table, is_of_rows) = (text(0)?, row.try_get::<bool, _>(2).map_err(failed)?);
        let is_altered = !is_of_rows && altered.contains(table.as_str());
        if is_altered || written.contains(table.as_str()) {
            let object = format!("{} of table {table}, which calls {}", text(1)?, text(3)?);
            found.push(Found { object, owner: text(4)?, remedy: text(5)? });
        }
    }
    if found.is_empty() { Ok(()) } else { Err(untrusted(database, &found)) }
}

fn untrusted(database: &Postgres, found: &[Found]) -> Error {
    let named = found.iter().take(NAMED);
    let objects = named.clone().map(|it| format!("{} of role {}", it.object, it.owner));
    let remedies: Vec<&str> = named.map(|it| it.remedy.as_str()).collect();
    let owners: BTreeSet<&str> = found.iter().map(|it| it.owner.as_str()).collect();
    let owners: Vec<&str> = owners.into_iter().collect();
    Error::Untrusted {
        name: database.name.clone(),
        user: database.user.clone(),
        objects: objects.collect(),
        remedy: format!(
            "the database is unchanged; run the upgrade as {}, or look at them, and drop what does not \
             belong there: {}",
            owners.join(" or "),
            remedies.join("; ")
        )
        .into(),
    }
}
