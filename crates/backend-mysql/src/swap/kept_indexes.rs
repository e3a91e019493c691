//! Which indexes that look like InnoDB's own are ordinary ones.
//!
//! InnoDB drops an index that it made for a foreign key once another one covers it. In a database that was
//! restored from a dump the same index is an ordinary one, and stays. No catalogue tells the two apart, but
//! a table that is `LIKE` another has both as they are, and what the server then drops can be seen.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::schema::{Index, Table};

use crate::connect::Mysql;
use crate::text::{self, literal, quote};

/// The most indexes that a table can have.
const MAX_INDEXES: usize = 64;

/// Tries it on an empty table that is like the one before, and has to be made anew afterwards.
pub(super) async fn ordinary(
    database: &mut Mysql,
    empty: &str,
    before: &Table,
) -> Result<Vec<String>, Error> {
    let guessed: Vec<&Index> = before.indexes.iter().filter(|index| index.automatic).collect();
    let total = 1 + before.uniques.len() + before.indexes.len() + guessed.len();
    if guessed.is_empty() || total > MAX_INDEXES {
        return Ok(Vec::new());
    }
    let covering = (1..).zip(&guessed).map(|(number, index)| {
        let columns: Vec<String> = index.column_names().map(quote).collect();
        format!("ADD INDEX alembic_mlflow_migrate_{number} ({})", columns.join(", "))
    });
    let covering: Vec<String> = covering.collect();
    let action = format!("change table {}", before.name);
    database.run(&action, &format!("ALTER TABLE {} {}", quote(empty), covering.join(", "))).await?;
    let sql = format!(
        "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS \
         WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = {}",
        literal(empty)
    );
    let found = text::rows(&mut database.connection, sql).await;
    let found = found.map_err(|source| database.context.error(&action, source))?;
    let left: Vec<String> = found.into_iter().flatten().flatten().collect();
    let names = guessed.iter().map(|index| index.name.clone());
    Ok(names.filter(|name| left.contains(name)).collect())
}
