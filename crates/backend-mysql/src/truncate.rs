//! Empties tables at once.

use mlflow_migrate_core::Error;

use crate::connect::Mysql;
use crate::error::server_error;
use crate::preflight;
use crate::text::{self, literal, quote};

/// The user may not (`ER_TABLEACCESS_DENIED_ERROR`), or a foreign key is in the way
/// (`ER_TRUNCATE_ILLEGAL_FK`).
const REFUSED: [u16; 2] = [1142, 1701];

impl Mysql {
    /// `TRUNCATE TABLE`, where it comes to the same as `DELETE`: no trigger would have a say in it. Tells
    /// whether it was done. Like all DDL here it commits what came before.
    pub(crate) async fn truncate(&mut self, table: &str) -> Result<bool, Error> {
        let action = format!("emptying {table}");
        if !preflight::hidden_triggers(self, &[table.to_owned()]).await?.is_empty() {
            return Ok(false);
        }
        let failed = |source| self.context.error(&action, source);
        let triggers = format!(
            "SELECT COUNT(*) FROM information_schema.TRIGGERS \
             WHERE EVENT_OBJECT_SCHEMA = DATABASE() AND EVENT_OBJECT_TABLE = {}",
            literal(table)
        );
        let triggers = text::value(&mut self.connection, triggers).await.map_err(failed)?;
        if triggers.as_deref() != Some("0") {
            return Ok(false);
        }
        let was_in_transaction = self.in_transaction;
        self.end_transaction("COMMIT").await?;
        let truncated = format!("TRUNCATE TABLE {}", quote(table));
        let truncated = text::run(&mut self.connection, truncated).await;
        let is_done = match truncated {
            Ok(_) => true,
            Err(source) if is_refused(&source) => false,
            Err(source) => return Err(self.context.error(&action, source)),
        };
        if was_in_transaction {
            self.begin_transaction().await?;
        }
        Ok(is_done)
    }
}

fn is_refused(source: &sqlx::Error) -> bool {
    server_error(source).is_some_and(|(number, _)| REFUSED.contains(&number))
}
