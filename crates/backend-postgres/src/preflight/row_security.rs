//! Finds tables whose rows row-level security hides from the user.
//!
//! With `row_security` off, a statement that would not see every row is an error. This check finds
//! the tables before the first change.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;

use crate::database::Postgres;
use crate::statements::{self, hidden_rows};

const ACTION: &str = "looking for row-level security";

/// A table that every upgrade of a tracking store reads.
const EXPERIMENTS: &str = "experiments";

/// Finds hidden rows in the given tables, and in the tables that every upgrade reads.
pub(crate) async fn check(
    database: &mut Postgres,
    touched: &BTreeSet<String>,
) -> Result<Option<Error>, Error> {
    let mut hidden = match hidden_rows::tables(database).await {
        Ok(hidden) => hidden,
        Err(source) => return Err(statements::failed(database, ACTION, source).await),
    };
    let always = [database.version_table().name(), EXPERIMENTS];
    hidden.retain(|it| touched.contains(&it.table) || always.contains(&it.table.as_str()));
    Ok((!hidden.is_empty()).then(|| hidden_rows::error(database, &hidden)))
}
