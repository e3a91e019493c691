//! Tables whose rows row-level security hides from the user.
//!
//! With `row_security` off a statement that would not see every row is an error. These tables are found
//! before the first change.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;

use crate::database::Postgres;
use crate::statements::{self, hidden_rows};
use crate::version_table::VERSION_TABLE;

const ACTION: &str = "looking for row-level security";

/// What every upgrade reads, whatever it changes.
const ALWAYS_READ: [&str; 2] = [VERSION_TABLE, "experiments"];

/// Finds those of the tables, and of those that every upgrade reads.
pub(crate) async fn check(
    database: &mut Postgres,
    touched: &BTreeSet<String>,
) -> Result<Option<Error>, Error> {
    let mut hidden = match hidden_rows::tables(database).await {
        Ok(hidden) => hidden,
        Err(source) => return Err(statements::failed(database, ACTION, source).await),
    };
    hidden.retain(|it| touched.contains(&it.table) || ALWAYS_READ.contains(&&*it.table));
    Ok((!hidden.is_empty()).then(|| hidden_rows::error(database, &hidden)))
}
