//! Foreign keys of other schemas to tables of this schema.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::OutsideReference;
use mlflow_migrate_core::schema::ForeignKey;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "looking for foreign keys of other schemas";

/// Reads the foreign keys, except those of partitions.
///
/// A partition has its table's foreign key, and loses the key together with the table.
const OUTSIDE: &str = "SELECT m.nspname || '.' || c.relname, k.conname::text, \
    f.relname::text, \
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS p (number, place) \
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = p.number ORDER BY p.place), \
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS p (number, place) \
        JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = p.number ORDER BY p.place), \
    format('ALTER TABLE %I.%I DROP CONSTRAINT %I', m.nspname, c.relname, k.conname) \
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
    JOIN pg_namespace m ON m.oid = c.relnamespace \
    JOIN pg_class f ON f.oid = k.confrelid JOIN pg_namespace n ON n.oid = f.relnamespace \
    WHERE k.contype = 'f' AND n.nspname = $1 AND m.nspname <> $1 AND NOT c.relispartition \
    ORDER BY k.oid";

/// Returns the foreign keys, and the statements that drop them.
pub(crate) async fn references(database: &mut Postgres) -> Result<Vec<OutsideReference>, Error> {
    let rows = statements::catalog(database, OUTSIDE, ACTION).await?;
    let read: sqlx::Result<Vec<OutsideReference>> = rows.iter().map(reference).collect();
    read.map_err(|source| database.context().error(ACTION, source))
}

fn reference(row: &PgRow) -> sqlx::Result<OutsideReference> {
    let (name, referred): (String, String) = (row.try_get(1)?, row.try_get(2)?);
    Ok(OutsideReference {
        table: row.try_get(0)?,
        key: ForeignKey {
            columns: row.try_get(3)?,
            referred_columns: row.try_get(4)?,
            ..ForeignKey::new(&[], &referred, &[]).named(&name)
        },
        drop: row.try_get(5)?,
    })
}
