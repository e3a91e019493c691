//! Catalog queries for what depends on columns, keys, row types and whole tables.

/// Reads what depends on a column.
///
/// A view depends on a column through the view's rule, and a generated column through its
/// expression. Before PostgreSQL 15, a generated column depends as a column. A publication's column
/// list does not prevent a change of type, but its condition does.
///
/// The server also changes the column in a table's partitions and in all tables that inherit from
/// the table. So dependents of the column there count as well. Dependents that these tables inherit
/// from the table disappear with the table's own.
///
/// Views over views come first, because they must be dropped first. An exclusion constraint
/// disappears with a column of its key. A column that its condition or an expression names cannot
/// be dropped, because the index depends on the column.
pub(super) const DEPENDENTS: &str = "\
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

/// Reads what depends on a key rather than on its columns.
///
/// These are views that group by the key and show more columns, and functions that name the key.
pub(super) const OF_KEYS: &str = "\
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

/// Reads the columns that hold whole rows of a table, also in arrays, composite types and domains.
///
/// PostgreSQL then refuses to change the type of the table's columns, and to add a column with a
/// default.
pub(super) const OF_ROW_TYPES: &str = "\
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

/// Reads what depends on a table as a whole, or on any part of it, and does not go with it.
///
/// A view that only counts rows depends on no column. Views over views come first, because they must
/// be dropped first.
pub(super) const OF_TABLES: &str = "\
    WITH RECURSIVE dependent AS (\
        SELECT DISTINCT c.oid AS relation, c.relname, d.classid, d.objid FROM pg_depend d \
        JOIN pg_class c ON c.oid = d.refobjid AND c.relkind IN ('r', 'p') \
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = $1 \
        WHERE d.refclassid = 'pg_class'::regclass), \
    rewritten AS (\
        SELECT d.relation, d.relname, d.objid AS rule, 0 AS depth FROM dependent d \
            WHERE d.classid = 'pg_rewrite'::regclass \
        UNION SELECT w.relation, w.relname, d.objid, w.depth + 1 \
            FROM rewritten w JOIN pg_rewrite r ON r.oid = w.rule \
            JOIN pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') \
            JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid \
                AND d.classid = 'pg_rewrite'::regclass AND d.objid <> w.rule \
            WHERE w.depth < 100), \
    found AS (\
        SELECT w.relname::text AS name, \
            CASE v.relkind WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' \
                ELSE 'rule ' || quote_ident(r.rulename) || ' on ' END || v.oid::regclass::text AS object, \
            CASE v.relkind WHEN 'v' THEN 'DROP VIEW ' WHEN 'm' THEN 'DROP MATERIALIZED VIEW ' \
                ELSE 'DROP RULE ' || quote_ident(r.rulename) || ' ON ' END || v.oid::regclass::text \
                AS remedy, max(w.depth) AS depth \
            FROM rewritten w JOIN pg_rewrite r ON r.oid = w.rule \
            JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> w.relation \
            GROUP BY w.relname, v.relkind, r.rulename, v.oid \
        UNION SELECT d.relname::text, 'policy ' || p.polname, \
            format('DROP POLICY %I ON %s', p.polname, p.polrelid::regclass), 0 \
            FROM dependent d JOIN pg_policy p ON p.oid = d.objid AND p.polrelid <> d.relation \
            WHERE d.classid = 'pg_policy'::regclass \
        UNION SELECT d.relname::text, 'function ' || d.objid::regprocedure::text, \
            'DROP ROUTINE ' || d.objid::regprocedure::text, 0 \
            FROM dependent d WHERE d.classid = 'pg_proc'::regclass \
        UNION SELECT d.relname::text, 'table ' || i.inhrelid::regclass::text || ', which inherits from it', \
            format('ALTER TABLE %s NO INHERIT %s', i.inhrelid::regclass, i.inhparent::regclass), 0 \
            FROM dependent d JOIN pg_inherits i ON i.inhparent = d.relation AND i.inhrelid = d.objid \
            JOIN pg_class c ON c.oid = i.inhrelid AND NOT c.relispartition \
            WHERE d.classid = 'pg_class'::regclass) \
    SELECT name, object, remedy FROM found ORDER BY name, depth DESC, object";
