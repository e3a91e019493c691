//! Reads the schema off the server's catalog.
//!
//! Five queries read all tables at once. Only the schema that the session is for is looked at, and
//! nothing in it that an extension has brought.

mod expression;

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::{
    Check, Column, ColumnType, ForeignKey, Generated, Index, IndexColumn, PrimaryKey,
    ReferentialAction, Schema, Table, Trigger, Unique, without_casts_to_text,
};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use self::expression::{column_type, condition, default_value};
use crate::database::Postgres;
use crate::statements;
use crate::version_table::VERSION_TABLE;

const ACTION: &str = "reading the schema";

const TABLES: &str = "SELECT c.relname::text, c.relkind::text, c.relispartition, \
    EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = c.oid) \
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'f') AND NOT EXISTS (\
        SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid \
        AND d.deptype = 'e') \
    ORDER BY c.relname";

const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, \
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

/// A foreign key from or to a table with partitions has others for each of these.
const CONSTRAINTS: &str = "SELECT c.relname::text, k.conname::text, k.contype::text, \
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
    CASE WHEN (to_jsonb(k) ->> 'conenforced')::boolean = false THEN 'NOT ENFORCED' \
        WHEN NOT k.convalidated THEN 'NOT VALID' \
        WHEN EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgconstraint = k.oid \
            AND t.tgenabled IN ('D', 'R')) THEN 'DISABLED' END \
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_class f ON f.oid = k.confrelid \
    WHERE n.nspname = $1 AND k.contype IN ('p', 'u', 'f', 'c') \
    AND (k.contype <> 'f' OR k.conparentid = 0) ORDER BY k.oid";

/// An index is compared with the statement that the model would make of it: what that does not say
/// (another method, collation, order of NULLs, option) needs the whole statement.
const INDEXES: &str = "SELECT c.relname::text, i.relname::text, x.indisunique, \
    k.columns, k.descending, o.columns, pg_get_expr(x.indpred, x.indrelid, true), \
    pg_get_indexdef(x.indexrelid), \
    pg_get_indexdef(x.indexrelid) = 'CREATE ' || CASE WHEN x.indisunique THEN 'UNIQUE ' ELSE '' END \
        || 'INDEX ' || quote_ident(i.relname) || ' ON ' \
        || CASE WHEN c.relkind = 'p' THEN 'ONLY ' ELSE '' END || quote_ident(n.nspname) || '.' \
        || quote_ident(c.relname) || ' USING btree (' || k.text || ')' \
        || coalesce(' INCLUDE (' || o.text || ')', '') \
        || coalesce(' WHERE ' || pg_get_expr(x.indpred, x.indrelid), ''), \
    CASE WHEN NOT (x.indisvalid AND x.indisready) THEN 'INVALID' END \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
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

/// The function's own schema is left out of its text, and its quotes are the ones that MLflow
/// writes.
const TRIGGERS: &str = "SELECT c.relname::text, t.tgname::text, pg_get_triggerdef(t.oid, true), \
    CASE WHEN p.pronamespace = c.relnamespace AND p.probin IS NULL THEN \
        replace(pg_get_functiondef(p.oid), \
            'FUNCTION ' || quote_ident(n.nspname) || '.', 'FUNCTION ') END, \
    CASE WHEN t.tgenabled IN ('D', 'R') THEN 'DISABLED' END \
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_proc p ON p.oid = t.tgfoid \
    WHERE n.nspname = $1 AND NOT t.tgisinternal ORDER BY t.oid";

/// The live schema, without the version table.
pub(crate) async fn schema(database: &mut Postgres) -> Result<Schema, Error> {
    let mut reader = Reader::default();
    let tables = statements::catalog(database, TABLES, ACTION).await?;
    let columns = statements::catalog(database, COLUMNS, ACTION).await?;
    let constraints = statements::catalog(database, CONSTRAINTS, ACTION).await?;
    let indexes = statements::catalog(database, INDEXES, ACTION).await?;
    let triggers = statements::catalog(database, TRIGGERS, ACTION).await?;
    let read = reader
        .read(&tables, Reader::table)
        .and_then(|()| reader.read(&columns, Reader::column))
        .and_then(|()| reader.read(&constraints, Reader::constraint))
        .and_then(|()| reader.read(&indexes, Reader::index))
        .and_then(|()| reader.read(&triggers, Reader::trigger));
    read.map_err(|source| database.context().error(ACTION, source))?;
    reader.tables.values_mut().for_each(leave_casts_out);
    Ok(Schema { tables: reader.tables, collation: None })
}

/// An expression does not change when a column of it becomes a `text`.
fn leave_casts_out(table: &mut Table) {
    use ColumnType::{LongText, MediumText, Text, Varchar};
    let is_text =
        |column: &&Column| matches!(column.column_type, Varchar(_) | Text | MediumText | LongText);
    let texts: Vec<String> =
        table.columns.iter().filter(is_text).map(|column| column.name.clone()).collect();
    let plain = |text: &mut String| {
        *text = without_casts_to_text(text, |name| texts.iter().any(|one| one == name));
    };
    table.checks.iter_mut().for_each(|check| plain(&mut check.expression));
    for index in &mut table.indexes {
        index.columns.iter_mut().for_each(|column| plain(&mut column.name));
        index.predicate.iter_mut().for_each(plain);
    }
    for column in &mut table.columns {
        column.generated.iter_mut().for_each(|generated| plain(&mut generated.expression));
    }
}

/// Collects what the queries find. Each row begins with its table's name.
#[derive(Default)]
struct Reader {
    tables: BTreeMap<String, Table>,
}

impl Reader {
    fn read(
        &mut self,
        rows: &[PgRow],
        take: fn(&mut Self, &PgRow) -> sqlx::Result<()>,
    ) -> sqlx::Result<()> {
        rows.iter().try_for_each(|row| take(self, row))
    }

    fn table(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let name: String = row.try_get(0)?;
        if name == VERSION_TABLE {
            return Ok(());
        }
        let mut table = Table::new(&name);
        let is_partition: bool = row.try_get(2)?;
        table.inexpressible.extend(match row.try_get::<String, _>(1)?.as_str() {
            "f" => Some("its rows on another server".to_owned()),
            _ if is_partition => Some("another table that it is a partition of".to_owned()),
            _ => None,
        });
        table.follows = row.try_get(3)?;
        self.tables.insert(name, table);
        Ok(())
    }

    fn owner(&mut self, row: &PgRow) -> sqlx::Result<Option<&mut Table>> {
        Ok(self.tables.get_mut(&row.try_get::<String, _>(0)?))
    }

    fn column(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let shown: Option<String> = row.try_get(4)?;
        let identity: String = row.try_get(5)?;
        let generated: String = row.try_get(6)?;
        // Whether the default takes its value from a sequence, the column's own or another one.
        let is_serial: bool = row.try_get(8)?;
        let mut column =
            Column::new(row.try_get::<String, _>(1)?, column_type(row.try_get::<&str, _>(2)?));
        column.nullable = !row.try_get::<bool, _>(3)?;
        column.collation = row.try_get(7)?;
        column.identity = !identity.is_empty();
        column.autoincrement = column.identity || is_serial;
        if generated.is_empty() {
            let default = shown.filter(|_| !is_serial);
            column.default = default.as_deref().map(default_value);
        } else {
            column.generated =
                shown.map(|expression| Generated { expression, stored: generated == "s" });
        }
        table.columns.push(column);
        Ok(())
    }

    fn constraint(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let name: Option<String> = row.try_get(1)?;
        let columns: Vec<String> = row.try_get(3)?;
        match row.try_get::<&str, _>(2)? {
            "p" => table.primary_key = Some(PrimaryKey { name, columns }),
            "u" => table.uniques.push(Unique { name, columns }),
            "c" => {
                let shown: String = row.try_get(9)?;
                let inactive = row.try_get(10)?;
                table.checks.push(Check { name, expression: condition(&shown), inactive });
            }
            _ => {
                let qualifiers: String = row.try_get(8)?;
                table.foreign_keys.push(ForeignKey {
                    name,
                    columns,
                    referred_table: row.try_get(4)?,
                    referred_columns: row.try_get(5)?,
                    on_delete: action(row.try_get(6)?),
                    on_update: action(row.try_get(7)?),
                    qualifiers: (!qualifiers.is_empty()).then_some(qualifiers),
                    inactive: row.try_get(10)?,
                });
            }
        }
        Ok(())
    }

    fn index(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let names: Vec<String> = row.try_get(3)?;
        let descending: Vec<bool> = row.try_get(4)?;
        let definition: String = row.try_get(7)?;
        let is_plain: Option<bool> = row.try_get(8)?;
        let columns = names.into_iter().zip(descending);
        table.indexes.push(Index {
            name: row.try_get(1)?,
            unique: row.try_get(2)?,
            columns: columns
                .map(|(name, descending)| IndexColumn { name, descending, prefix_length: None })
                .collect(),
            include: row.try_get(5)?,
            predicate: row.try_get(6)?,
            definition: (is_plain != Some(true)).then_some(definition),
            automatic: false,
            inactive: row.try_get(9)?,
        });
        Ok(())
    }

    fn trigger(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let function: Option<String> = row.try_get(3)?;
        table.triggers.push(Trigger {
            name: row.try_get(1)?,
            definition: row.try_get(2)?,
            function: function.map(|text| with_plain_quotes(&text)),
            inactive: row.try_get(4)?,
        });
        Ok(())
    }
}

/// The server quotes a body with `$function$`.
fn with_plain_quotes(function: &str) -> String {
    if function.contains("$$") {
        return function.to_owned();
    }
    function.replace("$function$", "$$")
}

fn action(code: &str) -> ReferentialAction {
    match code {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}
