//! Catalog queries about code of other roles. The parameter is the schema's name.

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
pub(super) const CREATORS: &str = concat!(
    "SELECT EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND r.rolname = current_user) \
     AND EXISTS (SELECT FROM pg_roles c, pg_namespace n WHERE n.nspname = $1 \
        AND left(c.rolname::text, 3) <> 'pg_' AND has_schema_privilege(c.oid, n.oid, 'CREATE') \
        AND c.oid NOT IN ",
    trusted!(),
    ")"
);

/// The types of the columns of the schema's tables, with the types that those are made of.
macro_rules! types_of_columns {
    () => {
        "WITH RECURSIVE used (type) AS ( \
            SELECT a.atttypid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
            JOIN pg_namespace n ON n.oid = c.relnamespace \
            WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped \
            UNION SELECT part.type FROM used JOIN pg_type t ON t.oid = used.type \
            CROSS JOIN LATERAL (VALUES (t.typbasetype), (t.typelem)) AS part (type) \
            WHERE part.type <> 0) "
    };
}

/// The condition that an object belongs to no extension; the parameters are its catalog and alias.
macro_rules! is_of_no_extension {
    ($catalog:literal, $alias:literal) => {
        concat!(
            "NOT EXISTS (SELECT FROM pg_depend d WHERE d.deptype = 'e' AND d.objid = ",
            $alias,
            ".oid AND d.classid = '",
            $catalog,
            "'::regclass::oid)"
        )
    };
}

/// Reads each object, its owner, and the statement that drops the object.
pub(super) const IN_SCHEMA: &str = concat!(
    types_of_columns!(),
    "SELECT 'operator ' || o.oid::regoperator::text, pg_get_userbyid(o.oprowner)::text, \
        'DROP OPERATOR ' || o.oid::regoperator::text \
     FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace \
     JOIN pg_proc p ON p.oid = o.oprcode::oid \
     WHERE n.nspname = $1 AND (o.oprowner NOT IN ",
    trusted!(),
    " OR p.proowner NOT IN ",
    trusted!(),
    ") AND ",
    is_of_no_extension!("pg_operator", "o"),
    " AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid IN (o.oprleft, o.oprright) \
        AND t.typnamespace <> 'pg_catalog'::regnamespace::oid \
        AND t.oid NOT IN (SELECT type FROM used)) \
     UNION ALL \
     SELECT 'function ' || p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, \
        'DROP ROUTINE ' || p.oid::regprocedure::text \
     FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
     WHERE n.nspname = $1 AND p.proowner NOT IN ",
    trusted!(),
    " AND ",
    is_of_no_extension!("pg_proc", "p"),
    " AND NOT EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes::oid[]) \
        AND t.typnamespace <> 'pg_catalog'::regnamespace::oid \
        AND t.oid NOT IN (SELECT type FROM used)) \
     AND EXISTS (SELECT FROM pg_proc s WHERE s.pronamespace = 'pg_catalog'::regnamespace::oid \
        AND s.proname = p.proname) \
     UNION ALL \
     SELECT format('cast (%s AS %s)', k.castsource::regtype, k.casttarget::regtype), \
        pg_get_userbyid(p.proowner)::text, \
        format('DROP CAST (%s AS %s)', k.castsource::regtype, k.casttarget::regtype) \
     FROM pg_cast k JOIN pg_proc p ON p.oid = k.castfunc \
     WHERE (k.castsource IN (SELECT type FROM used) OR k.casttarget IN (SELECT type FROM used)) \
     AND p.proowner NOT IN ",
    trusted!(),
    " AND ",
    is_of_no_extension!("pg_cast", "k"),
    " ORDER BY 1"
);

/// Reads each part of a table that calls a function, and the statement that removes the part.
///
/// A change of a table is a change of all tables that inherit from it, wherever they are. The
/// server's own types call nobody's functions, and looking at each of their columns would take most
/// of the time. Types that users create have numbers from 16384 on. The columns are the schema's
/// table, the table with the part, the part, whether only a change of rows calls the function, the
/// function, its owner, and the statement.
pub(super) const ON_TABLES: &str = concat!(
    "WITH RECURSIVE tree (root, relation) AS ( \
        SELECT c.oid, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
        WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') \
        UNION SELECT tree.root, i.inhrelid FROM tree \
        JOIN pg_inherits i ON i.inhparent = tree.relation) \
     SELECT r.relname::text, \
        CASE WHEN c.oid = r.oid THEN c.relname::text ELSE c.oid::regclass::text END, \
        a.kind, a.is_of_rows, p.oid::regprocedure::text, pg_get_userbyid(p.proowner)::text, a.remedy \
     FROM tree JOIN pg_class r ON r.oid = tree.root JOIN pg_class c ON c.oid = tree.relation \
     JOIN pg_namespace n ON n.oid = c.relnamespace \
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
            AND d.refclassid = 'pg_proc'::regclass::oid WHERE x.indrelid = c.oid \
        UNION ALL \
        SELECT 'partition key', true, d.refobjid, \
            format('ALTER FUNCTION %s OWNER TO CURRENT_USER', d.refobjid::regprocedure) \
        FROM pg_depend d WHERE d.classid = 'pg_class'::regclass::oid AND d.objid = c.oid \
            AND d.refclassid = 'pg_proc'::regclass::oid \
        UNION ALL \
        SELECT format('domain %s of column %s', o.type::regtype, t.attname), true, o.function, o.remedy \
        FROM pg_attribute t CROSS JOIN LATERAL ( \
            WITH RECURSIVE chain (type) AS (SELECT t.atttypid UNION \
                SELECT y.typbasetype FROM chain JOIN pg_type y ON y.oid = chain.type \
                WHERE y.typbasetype <> 0) \
            SELECT chain.type, d.refobjid AS function, \
                format('ALTER DOMAIN %s DROP CONSTRAINT %I', chain.type::regtype, k.conname) AS remedy \
            FROM chain JOIN pg_constraint k ON k.contypid = chain.type \
            JOIN pg_depend d ON d.classid = 'pg_constraint'::regclass::oid AND d.objid = k.oid \
                AND d.refclassid = 'pg_proc'::regclass::oid \
            UNION ALL \
            SELECT chain.type, d.refobjid, \
                format('ALTER DOMAIN %s DROP DEFAULT', chain.type::regtype) \
            FROM chain JOIN pg_depend d ON d.classid = 'pg_type'::regclass::oid \
                AND d.objid = chain.type AND d.refclassid = 'pg_proc'::regclass::oid) AS o \
        WHERE t.attrelid = c.oid AND t.attnum > 0 AND NOT t.attisdropped \
            AND t.atttypid >= 16384) AS a \
     JOIN pg_proc p ON p.oid = a.function \
     WHERE (pg_get_userbyid(c.relowner) <> current_user \
        OR EXISTS (SELECT FROM pg_roles r WHERE r.rolsuper AND r.rolname = current_user)) \
     AND p.proowner NOT IN ",
    trusted!(),
    " ORDER BY 1, 2, 3"
);
