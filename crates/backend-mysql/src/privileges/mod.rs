//! The privileges that the user holds.

mod grants;

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::error::Context;
use crate::features::Features;
use crate::quoting;
use crate::text_protocol::{self, TextRow};

use grants::Grants;

/// Privileges that let a user create triggers while binary logging is on.
///
/// Each server knows some of them.
const FOR_LOGGED_TRIGGERS: [&str; 4] = ["SUPER", "SET_USER_ID", "SET_ANY_DEFINER", "BINLOG ADMIN"];

/// The privileges that the server lists for this user.
pub(crate) struct Held {
    /// The account, as a GRANT statement names it.
    pub(crate) user: String,
    pub(crate) database: String,
    grants: Grants,
    /// Whether triggers are logged, and the server does not trust users who create them.
    pub(crate) logs_binary: bool,
}

impl Held {
    /// Returns whether the user holds a privilege for a table.
    pub(crate) fn allows(&self, privilege: &str, table: &str) -> bool {
        self.grants.allow(privilege, &self.database, table)
    }

    /// Returns whether the user may create triggers while binary logging is on.
    pub(crate) fn may_create_logged_triggers(&self) -> bool {
        FOR_LOGGED_TRIGGERS.iter().any(|privilege| self.grants.allow_everywhere(privilege))
    }
}

/// Reads the user's privileges.
///
/// `None` where a proxy or an unusual server does not list them. A missing privilege then shows
/// when a statement fails.
pub(crate) async fn read(
    connection: &mut Connection,
    context: &Context,
) -> Result<Option<Held>, Error> {
    match ask(connection).await {
        Ok(held) => Ok(Some(held)),
        Err(sqlx::Error::Database(_)) => Ok(None),
        Err(source) => Err(context.error("reading the privileges", source)),
    }
}

/// Returns those tables whose triggers the user cannot see, for lack of the privilege `TRIGGER`.
pub(crate) async fn hidden_triggers(
    connection: &mut Connection,
    tables: &[String],
    context: &Context,
) -> Result<Vec<String>, Error> {
    let Some(held) = read(connection, context).await? else { return Ok(Vec::new()) };
    let is_hidden = |table: &&String| !held.allows("TRIGGER", table);
    Ok(tables.iter().filter(is_hidden).cloned().collect())
}

async fn ask(connection: &mut Connection) -> Result<Held, sqlx::Error> {
    let cell = |row: &TextRow, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let identity = "SELECT CURRENT_USER(), DATABASE(), VERSION()";
    let known = text_protocol::rows(connection, identity).await?;
    let known = |at: usize| known.first().map(|row| cell(row, at)).unwrap_or_default();
    let (user, database) = (known(0), known(1));
    let mut lines = text_protocol::rows(connection, "SHOW GRANTS").await?;
    // On a server without this function, the name would mean a stored function of the database.
    let has_roles = Features::parse(&known(2)).is_ok_and(|features| features.lists_roles_by_name());
    if has_roles
        && let Ok(Some(roles)) = text_protocol::value(connection, "SELECT CURRENT_ROLE()").await
        && let Some(roles) = grants::roles(&roles)
        && let Ok(by_roles) =
            text_protocol::rows(connection, format!("SHOW GRANTS FOR CURRENT_USER() USING {roles}"))
                .await
    {
        lines.extend(by_roles);
    }
    let lines: Vec<String> = lines.iter().map(|row| cell(row, 0)).collect();
    let logging = "SHOW GLOBAL VARIABLES WHERE \
                   (Variable_name = 'log_bin' AND Value = 'ON') \
                   OR (Variable_name = 'log_bin_trust_function_creators' AND Value = 'OFF')";
    let logs_binary = text_protocol::rows(connection, logging).await?.len() == 2;
    let grants = Grants::parse(lines.iter().map(String::as_str));
    Ok(Held { user: account(&user), database, grants, logs_binary })
}

/// Quotes `user@host` as a GRANT statement requires.
fn account(user: &str) -> String {
    match user.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", quoting::literal(user), quoting::literal(host)),
        None => quoting::literal(user),
    }
}

#[cfg(test)]
mod tests {
    use super::account;

    #[test]
    fn an_account_is_quoted_in_two_parts() {
        assert_eq!(account("ml@flow@10.0.%"), "'ml@flow'@'10.0.%'");
    }
}
