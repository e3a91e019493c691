//! Catalog queries, each of which reads all tables at once.

pub(super) const TABLES: &str = "SELECT c.relname::text, c.relkind::text, c.relispartition, \
    EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (\
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
        AND d.deptype = 'e') \
    ORDER BY c.relname";

pub(super) const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, \
    format_type(a.atttypid, a.atttypmod), a.attnotnull, \
    pg_get_expr(d.adbin, d.adrelid, true), a.attidentity::text, a.attgenerated::text, \
    CASE WHEN a.attcollation <> t.typcollation THEN l.collname::text END, \
    EXISTS (SELECT 1 FROM pg_depend o JOIN pg_class s ON s.oid = o.refobjid AND s.relkind = 'S' \
        WHERE o.classid = 'pg_attrdef'::regclass AND o.refclassid = 'pg_class'::regclass \
        AND o.objid = d.oid) \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    JOIN pg_type t ON t.oid = a.atttypid \
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    LEFT JOIN pg_collation l ON l.oid = a.attcollation \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f') \
    AND a.attnum > 0 AND NOT a.attisdropped \
    ORDER BY c.relname, a.attnum";

/// Reads constraints, without the foreign keys that the server derives for partitions.
///
/// The server derives them from a foreign key from or to a partitioned table. `conenforced` is new
/// in PostgreSQL 18, and making JSON of every constraint would take most of the time.
pub(super) const CONSTRAINTS: &str = "SELECT c.relname::text, k.conname::text, k.contype::text, \
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS p (number, place) \
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number ORDER BY p.place), \
    CASE WHEN f.relnamespace = c.relnamespace THEN f.relname::text ELSE f.oid::regclass::text END, \
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS p (number, place) \
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number ORDER BY p.place), \
    k.confdeltype::text, k.confupdtype::text, concat_ws(' ', \
        CASE WHEN k.confmatchtype = 'f' THEN 'MATCH FULL' END, \
        CASE WHEN k.condeferrable THEN 'DEFERRABLE' END, \
        CASE WHEN k.condeferred THEN 'INITIALLY DEFERRED' END), \
    CASE WHEN k.contype = 'c' THEN pg_get_expr(k.conbin, k.conrelid, true) END, \
    CASE WHEN k.contype IN ('c', 'f') \
        AND (SELECT current_setting('server_version_num')::int4 >= 180000) \
        AND (SELECT to_jsonb(e) ->> 'conenforced' = 'false' FROM pg_constraint e \
            WHERE e.oid = k.oid) THEN 'NOT ENFORCED' \
        WHEN NOT k.convalidated THEN 'NOT VALID' \
        WHEN EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = k.oid \
            AND t.tgenabled IN ('D', 'R')) THEN 'DISABLED' END \
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_class f ON f.oid = k.confrelid \
    WHERE n.nspname = $1 AND k.contype IN ('p', 'u', 'f', 'c') \
    AND (k.contype <> 'f' OR k.conparentid = 0) ORDER BY k.oid";

/// Reads indexes, and whether each one is plain.
///
/// A plain index has exactly the statement that the model would render. Any other one (another
/// method, collation, order of NULLs, option) needs the whole statement.
pub(super) const INDEXES: &str = "SELECT c.relname::text, i.relname::text, x.indisunique, \
    k.columns, k.descending, o.columns, pg_get_expr(x.indpred, x.indrelid, true), \
    s.definition, \
    s.definition = 'CREATE ' || CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END \
        || 'INDEX ' || quote_ident(i.relname) || ' ON ' \
        || CASE WHEN c.relkind = 'p' THEN 'ONLY ' ELSE '' END || quote_ident(n.nspname) || '.' \
        || quote_ident(c.relname) || ' USING btree (' || k.text || ')' \
        || coalesce(' INCLUDE (' || o.text || ')', '') \
        || coalesce(' WHERE ' || pg_get_expr(x.indpred, x.indrelid), ''), \
    CASE WHEN NOT (x.indisvalid AND x.indisready) THEN 'INVALID' END \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    CROSS JOIN LATERAL (SELECT pg_get_indexdef(x.indexrelid) AS definition OFFSET 0) AS s \
    CROSS JOIN LATERAL (\
        SELECT array_agg(coalesce(a.attname::text, pg_get_indexdef(x.indexrelid, p, true)) \
                ORDER BY p) AS columns, \
            array_agg(x.indoption[p - 1] & 1 = 1 ORDER BY p) AS descending, \
            string_agg(quote_ident(a.attname) \
                || CASE WHEN x.indoption[p - 1] & 1 = 1 THEN ' DESC' ELSE '' END, ', ' \
                ORDER BY p) AS text \
        FROM generate_series(1, x.indnkeyatts::int4) AS p \
        LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[p - 1] \
            AND a.attnum <> 0) AS k \
    CROSS JOIN LATERAL (\
        SELECT coalesce(array_agg(a.attname::text ORDER BY p), '{}') AS columns, \
            string_agg(quote_ident(a.attname), ', ' ORDER BY p) AS text \
        FROM generate_series(x.indnkeyatts + 1, x.indnatts::int4) AS p \
        JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[p - 1]) AS o \
    WHERE n.nspname = $1 AND NOT EXISTS (SELECT 1 FROM pg_constraint q \
        WHERE q.conindid = x.indexrelid AND q.contype IN ('p', 'u', 'x')) \
    ORDER BY i.oid";

/// Reads triggers and their functions.
///
/// The function's text does not name its own schema, and its quotes are those that MLflow writes.
pub(super) const TRIGGERS: &str = "SELECT c.relname::text, t.tgname::text, pg_get_triggerdef(t.oid, true), \
    CASE WHEN p.pronamespace = c.relnamespace AND p.probin IS NULL THEN \
        replace(pg_get_functiondef(p.oid), \
            'FUNCTION ' || quote_ident(n.nspname) || '.', 'FUNCTION ') END, \
    CASE WHEN t.tgenabled IN ('D', 'R') THEN 'DISABLED' END \
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid \
    WHERE n.nspname = $1 AND NOT t.tgisinternal ORDER BY t.oid";
