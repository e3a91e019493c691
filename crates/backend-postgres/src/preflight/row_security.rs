//! Tables whose rows row-level security hides from the user.
//!
//! With `row_security` off a statement that would not see every row is an error. These tables are found
//! before the first change.

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use sqlx::{AssertSqlSafe, Row as _};

use crate::connect::Postgres;
use crate::render::{quote_identifier, quote_literal};
use crate::version_table::VERSION_TABLE;

const ACTION: &str = "looking for row-level security";

/// What every upgrade reads, whatever it changes.
const ALWAYS_READ: [&str; 2] = [VERSION_TABLE, "experiments"];

/// A table with rows that the user may not see.
struct Hidden {
    table: String,
    /// Whether the user has the rights of the table's owner, whom only FORCE subjects to policies.
    is_owned: bool,
}

impl Postgres {
    /// Finds those of the tables, and of those that every upgrade reads.
    pub(crate) async fn check_row_security(
        &mut self,
        touched: &BTreeSet<String>,
    ) -> Result<Option<Error>, Error> {
        let mut hidden = match self.hidden_tables().await {
            Ok(hidden) => hidden,
            Err(source) => return Err(self.failed(ACTION, source).await),
        };
        hidden.retain(|it| touched.contains(&it.table) || ALWAYS_READ.contains(&&*it.table));
        Ok((!hidden.is_empty()).then(|| self.hidden_rows(&hidden)))
    }

    /// The error for a statement that the server has refused for this, after which the transaction ends.
    pub(crate) async fn hidden_rows_after(&mut self, action: &str, source: sqlx::Error) -> Error {
        let hidden = match self.rollback_session().await {
            Ok(()) => self.hidden_tables().await.unwrap_or_default(),
            Err(_) => Vec::new(),
        };
        if hidden.is_empty() {
            self.context().error(action, source)
        } else {
            self.hidden_rows(&hidden)
        }
    }

    async fn hidden_tables(&mut self) -> sqlx::Result<Vec<Hidden>> {
        let sql = format!(
            "SELECT c.relname::text, pg_has_role(c.relowner, 'USAGE') FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = {} AND c.relkind IN ('r', 'p') AND row_security_active(c.oid) ORDER BY 1",
            quote_literal(&self.schema)
        );
        let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut self.connection);
        let rows = self.line.rows(rows).await?;
        let read = |row: &sqlx::postgres::PgRow| {
            Ok(Hidden { table: row.try_get(0)?, is_owned: row.try_get(1)? })
        };
        rows.iter().map(read).collect()
    }

    fn hidden_rows(&self, hidden: &[Hidden]) -> Error {
        let schema = quote_identifier(&self.schema);
        let alter = |verb: &str| {
            let owned = hidden.iter().filter(|it| it.is_owned);
            let statement = |it: &Hidden| {
                let table = quote_identifier(&it.table);
                format!("ALTER TABLE {schema}.{table} {verb} ROW LEVEL SECURITY")
            };
            owned.map(statement).collect::<Vec<_>>().join("; ")
        };
        let bypass = format!(
            "a superuser can let {user} see all rows: `ALTER ROLE {role} BYPASSRLS;`, and afterwards \
             `ALTER ROLE {role} NOBYPASSRLS;`",
            user = self.user,
            role = quote_identifier(&self.user)
        );
        let hint = if hidden.iter().all(|it| it.is_owned) {
            format!(
                "nothing was changed; run `{};`, upgrade, and run `{};`; or {bypass}",
                alter("NO FORCE"),
                alter("FORCE")
            )
        } else {
            format!("nothing was changed; upgrade as the owner of these tables, or {bypass}")
        };
        let missing = hidden.iter().map(|it| {
            let forced = if it.is_owned { "forced " } else { "" };
            format!("the right to see all rows of {} ({forced}row-level security)", it.table)
        });
        Error::Privileges {
            name: self.name.clone(),
            user: self.user.clone(),
            missing: missing.collect(),
            hint,
        }
    }
}
