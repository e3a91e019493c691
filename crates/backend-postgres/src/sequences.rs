//! Sequences that give numbers which rows already have.
//!
//! A sequence is kept apart from the rows that it has numbered: one that was set back, or rows that came
//! with numbers of their own, make the next insert fail.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::verify::Violation;
use sqlx::Row as _;

use crate::connect::Postgres;
use crate::render::{quote_identifier, quote_literal};

const ACTION: &str = "reading the sequences";

/// Table, column, sequence, as far as the user may read them. A default names its sequence, an identity
/// column owns it.
const SEQUENCES: &str = "SELECT c.relname::text, a.attname::text, s.oid::regclass::text \
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
    AND has_table_privilege(s.oid, 'SELECT') AND has_schema_privilege(s.relnamespace, 'USAGE') \
    AND has_column_privilege(c.oid, a.attnum, 'SELECT') ORDER BY 1, 2";

impl Postgres {
    /// The rows of the schema's tables whose numbers their sequences are still to give.
    pub(crate) async fn rows_ahead_of_sequences(
        &mut self,
        live: &Schema,
    ) -> Result<Vec<Violation>, Error> {
        let mut violations = Vec::new();
        for row in self.catalog(SEQUENCES, ACTION).await? {
            let read = |position: usize| row.try_get::<String, _>(position);
            let found = read(0).and_then(|table| Ok((table, read(1)?, read(2)?)));
            let (table, column, sequence) =
                found.map_err(|source| self.context().error(ACTION, source))?;
            if live.table(&table).is_some_and(|table| table.find_column(&column).is_some()) {
                violations.extend(self.rows_ahead_of(&table, &column, &sequence).await?);
            }
        }
        Ok(violations)
    }

    async fn rows_ahead_of(
        &mut self,
        table: &str,
        column: &str,
        sequence: &str,
    ) -> Result<Option<Violation>, Error> {
        let (quoted, name) = (quote_identifier(table), quote_identifier(column));
        let literal = quote_literal(sequence);
        // A sequence at its end gives no further number.
        let sql = format!(
            "SELECT coalesce(next.number, 0), count(t.{name}), coalesce(max(t.{name}), 0)::int8 FROM (\
                SELECT CASE WHEN o.seqincrement <= 0 THEN NULL \
                    WHEN NOT s.is_called THEN s.last_value \
                    WHEN s.last_value <= o.seqmax - o.seqincrement \
                        THEN s.last_value + o.seqincrement END AS number \
                FROM {sequence} s, pg_sequence o WHERE o.seqrelid = {literal}::regclass) AS next \
             LEFT JOIN {quoted} t ON t.{name} >= next.number \
             GROUP BY next.number"
        );
        let numbers = self.numbers(sql, ACTION).await?;
        let [next, count, greatest] = numbers.as_slice() else { return Ok(None) };
        let problem = format!(
            "whose {column} the sequence {sequence} is still to give, since its next number is {next}: \
             `SELECT setval({literal}, {greatest})` sets it right"
        );
        let count = count.unsigned_abs();
        Ok((count > 0).then(|| Violation { table: table.to_owned(), problem, count }))
    }
}
