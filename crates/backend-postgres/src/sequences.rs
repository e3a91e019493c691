//! Finds sequences whose next numbers are already in use, or that are exhausted.
//!
//! A sequence is separate from the rows that it has numbered. If the sequence was set back, or if
//! rows were inserted with numbers of their own, the next insert fails. An upgrade advances such
//! sequences where it can.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::Violation;
use mlflow_migrate_core::schema::Schema;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::database::Postgres;
use crate::render::{quote_identifier, quote_literal};
use crate::statements;

const ACTION: &str = "reading the sequences";

/// Reads table, column and sequence where the user may read them, and whether the user may set it.
///
/// A default names its sequence. An identity column owns its sequence.
const SEQUENCES: &str = "SELECT c.relname::text, a.attname::text, s.oid::regclass::text, \
        has_table_privilege(s.oid, 'UPDATE') \
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum \
    JOIN pg_depend p ON (p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid \
            AND p.refclassid = 'pg_class'::regclass) \
        OR (p.classid = 'pg_class'::regclass AND p.refclassid = 'pg_class'::regclass \
            AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i') \
    JOIN pg_class s ON s.relkind = 'S' \
        AND s.oid = CASE WHEN p.deptype = 'i' THEN p.objid ELSE p.refobjid END \
    WHERE n.nspname = $1 AND a.attnum > 0 AND NOT a.attisdropped \
    AND (a.atthasdef OR a.attidentity <> '') \
    AND has_table_privilege(s.oid, 'SELECT') AND has_schema_privilege(s.relnamespace, 'USAGE') \
    AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY 1, 2";

/// A column that takes its numbers from a sequence.
struct Numbered {
    table: String,
    column: String,
    sequence: String,
    may_set: bool,
}

impl Numbered {
    fn read(row: &PgRow) -> sqlx::Result<Self> {
        Ok(Self {
            table: row.try_get(0)?,
            column: row.try_get(1)?,
            sequence: row.try_get(2)?,
            may_set: row.try_get(3)?,
        })
    }
}

/// The fault of a sequence.
struct Lagging {
    /// The sequence's next number; `None` if it is exhausted.
    next: Option<i64>,
    /// The number of rows whose numbers the sequence has yet to produce.
    rows: i64,
    /// The statement that continues the sequence after the greatest number of a row.
    set: String,
    /// The statement that must change the sequence first, if one is needed.
    alter: Option<String>,
}

impl Lagging {
    fn violation(&self, of: &Numbered) -> Violation {
        let Numbered { table, column, sequence, .. } = of;
        let fault = match self.next {
            Some(next) => format!(
                "whose {column} the sequence {sequence} is still to give, since its next number is {next}"
            ),
            None => {
                format!("whose {column} is given by the sequence {sequence}, which is at its end")
            }
        };
        let alter = self.alter.as_ref().map(|alter| format!("{alter}; ")).unwrap_or_default();
        Violation {
            table: table.clone(),
            problem: format!("{fault}: `{alter}{}` sets it right", self.set),
            count: self.rows.unsigned_abs(),
        }
    }
}

/// Finds rows whose numbers their sequences have yet to produce, and exhausted sequences.
pub(crate) async fn lagging(
    database: &mut Postgres,
    live: &Schema,
) -> Result<Vec<Violation>, Error> {
    let mut violations = Vec::new();
    for numbered in numbered_columns(database, live).await? {
        let lagging = examine(database, &numbered).await?;
        violations.extend(lagging.map(|lagging| lagging.violation(&numbered)));
    }
    Ok(violations)
}

/// Advances the sequences that lag behind the rows, and returns a message for each.
///
/// A sequence that needs more than this stays as it is, and its message says how to fix it.
pub(crate) async fn advance(database: &mut Postgres, live: &Schema) -> Result<Vec<String>, Error> {
    let mut told = Vec::new();
    for numbered in numbered_columns(database, live).await? {
        let Some(lagging) = examine(database, &numbered).await? else { continue };
        // A sequence at its end would have to be set back, which is its owner's decision.
        if numbered.may_set && lagging.next.is_some() && lagging.alter.is_none() {
            let greatest = statements::number(database, lagging.set, ACTION).await?;
            let Numbered { table, sequence, .. } = numbered;
            told.push(format!(
                "the sequence {sequence} was behind the rows of {table}, and is set to {greatest}"
            ));
        } else {
            told.push(lagging.violation(&numbered).to_string());
        }
    }
    Ok(told)
}

async fn numbered_columns(database: &mut Postgres, live: &Schema) -> Result<Vec<Numbered>, Error> {
    let rows = statements::catalog(database, SEQUENCES, ACTION).await?;
    let read: sqlx::Result<Vec<Numbered>> = rows.iter().map(Numbered::read).collect();
    let mut read = read.map_err(|source| database.context().error(ACTION, source))?;
    read.retain(|one| {
        live.table(&one.table).is_some_and(|table| table.find_column(&one.column).is_some())
    });
    Ok(read)
}

async fn examine(database: &mut Postgres, numbered: &Numbered) -> Result<Option<Lagging>, Error> {
    let Numbered { table, column, sequence, .. } = numbered;
    let (table, column) = (quote_identifier(table), quote_identifier(column));
    let literal = quote_literal(sequence);
    let sql = format!(
        "WITH o AS (SELECT s.last_value, s.is_called, q.* FROM {sequence} s, pg_sequence q \
            WHERE q.seqrelid = {literal}::regclass), \
         next AS (SELECT o.*, CASE WHEN NOT is_called THEN last_value \
            WHEN seqincrement > 0 AND last_value::numeric + seqincrement <= seqmax \
                OR seqincrement < 0 AND last_value::numeric + seqincrement >= seqmin \
                THEN last_value + seqincrement \
            WHEN seqcycle AND seqincrement > 0 THEN seqmin \
            WHEN seqcycle THEN seqmax END AS number FROM o), \
         rows AS (SELECT coalesce(max({column}), 0)::int8 AS greatest FROM {table}) \
         SELECT (number IS NULL)::int::int8, coalesce(number, 0), \
            CASE WHEN number IS NULL THEN (SELECT count(*) FROM {table}) \
                WHEN seqincrement > 0 THEN (SELECT count(*) FROM {table} WHERE {column} >= number) \
                ELSE (SELECT count(*) FROM {table} WHERE {column} <= number) END, \
            greatest, (seqincrement > 0 AND seqmin <= greatest AND \
                greatest::numeric + seqincrement <= seqmax)::int::int8 \
         FROM next, rows"
    );
    let numbers = statements::numbers(database, sql, ACTION).await?;
    let [is_at_end, next, rows, greatest, is_enough] = numbers[..] else { return Ok(None) };
    if rows == 0 && is_at_end == 0 {
        return Ok(None);
    }
    let set = if greatest < 1 {
        format!("SELECT setval({literal}, 1, false)")
    } else {
        format!("SELECT setval({literal}, {greatest})")
    };
    let alter =
        format!("ALTER SEQUENCE {sequence} INCREMENT BY 1 NO MINVALUE NO MAXVALUE NO CYCLE");
    Ok(Some(Lagging {
        next: (is_at_end == 0).then_some(next),
        rows,
        set,
        alter: (is_enough == 0).then_some(alter),
    }))
}
