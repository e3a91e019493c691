//! Privileges that the user lacks, each of them named.

use std::collections::{BTreeMap, BTreeSet};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};

use super::grants::{self, Grants};
use crate::connect::Mysql;
use crate::connection::Connection;
use crate::error::{TRIGGER_HINT, TRIGGER_PRIVILEGE};
use crate::features::Features;
use crate::quoting::{self, quote};
use crate::text_protocol::{self, TextRow};
use crate::{journal, version_table};

/// The tables for which each privilege is needed.
type Needs = BTreeMap<&'static str, BTreeSet<String>>;

/// Those that let a user create triggers while binary logging is on. Servers differ in which of them
/// they know.
const FOR_LOGGED_TRIGGERS: [&str; 4] = ["SUPER", "SET_USER_ID", "SET_ANY_DEFINER", "BINLOG ADMIN"];

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let Some(held) = read_held(database).await? else { return Ok(()) };
    let needs = needs(plan, &database.features);
    let missing: Needs = needs
        .iter()
        .map(|(privilege, tables)| {
            let lacks = |table: &&String| !held.grants.allow(privilege, &held.database, table);
            (*privilege, tables.iter().filter(lacks).cloned().collect())
        })
        .filter(|(_, tables): &(_, BTreeSet<String>)| !tables.is_empty())
        .collect();
    if !missing.is_empty() {
        return Err(refusal(database, &held, &needs, &missing));
    }
    let makes_triggers = plan.changes().any(|change| {
        let known = change.before.as_ref().map_or(0, |before| before.triggers.len());
        change.after.triggers.len() > known
    });
    if makes_triggers && held.logs_binary && !may_create_logged_triggers(&held.grants) {
        return Err(Error::Privileges {
            name: database.context.name.clone(),
            user: held.user,
            missing: vec![TRIGGER_PRIVILEGE.to_owned()],
            hint: TRIGGER_HINT.to_owned(),
        });
    }
    Ok(())
}

/// Those of these tables whose triggers the user may not see, for lack of the privilege `TRIGGER`.
pub(crate) async fn hidden_triggers(
    database: &mut Mysql,
    tables: &[String],
) -> Result<Vec<String>, Error> {
    let Some(held) = read_held(database).await? else { return Ok(Vec::new()) };
    let is_hidden = |table: &&String| !held.grants.allow("TRIGGER", &held.database, table);
    Ok(tables.iter().filter(is_hidden).cloned().collect())
}

/// What the user holds. `None`: a proxy or an odd server does not tell; then a statement will.
async fn read_held(database: &mut Mysql) -> Result<Option<Held>, Error> {
    match read(&mut database.connection).await {
        Ok(held) => Ok(Some(held)),
        Err(sqlx::Error::Database(_)) => Ok(None),
        Err(source) => Err(database.context.error("reading the privileges", source)),
    }
}

fn may_create_logged_triggers(grants: &Grants) -> bool {
    FOR_LOGGED_TRIGGERS.iter().any(|privilege| grants.allow_everywhere(privilege))
}

/// What the server says of this user.
struct Held {
    /// As in a GRANT statement.
    user: String,
    database: String,
    grants: Grants,
    /// Whether triggers are logged, and their makers not trusted.
    logs_binary: bool,
}

async fn read(connection: &mut Connection) -> Result<Held, sqlx::Error> {
    let cell = |row: &TextRow, at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    let known = text_protocol::rows(connection, "SELECT CURRENT_USER(), DATABASE()").await?;
    let (user, database) =
        known.first().map(|row| (cell(row, 0), cell(row, 1))).unwrap_or_default();
    let mut lines = text_protocol::rows(connection, "SHOW GRANTS").await?;
    // MySQL lists what a role grants only if it is asked for that role; MariaDB lists it anyway,
    // and refuses the question.
    if let Ok(Some(roles)) = text_protocol::value(connection, "SELECT CURRENT_ROLE()").await
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

/// `user@host`, quoted as a GRANT statement wants it.
fn account(user: &str) -> String {
    match user.rsplit_once('@') {
        Some((user, host)) => format!("{}@{}", quoting::literal(user), quoting::literal(host)),
        None => quoting::literal(user),
    }
}

fn needs(plan: &Plan, features: &Features) -> Needs {
    let mut needs = Needs::new();
    let mut need = |privileges: &[&'static str], table: &str| {
        for privilege in privileges {
            needs.entry(*privilege).or_default().insert(table.to_owned());
        }
    };
    need(&["SELECT", "INSERT", "DELETE"], version_table::TABLE);
    if !plan.from.stamped {
        need(&["CREATE"], version_table::TABLE);
    }
    if !plan.steps.is_empty() {
        need(&["CREATE", "SELECT", "INSERT", "UPDATE", "DELETE", "DROP"], journal::TABLE);
    }
    for step in &plan.steps {
        match step {
            Step::RemoveLeftovers(tables) => {
                tables.iter().for_each(|table| need(&["DROP"], table));
            }
            Step::Change(change) => {
                let table = &change.after.name;
                let known = change.before.as_ref().map(|before| &before.foreign_keys);
                need(if known.is_some() { &["ALTER", "SELECT"] } else { &["CREATE"] }, table);
                for key in &change.after.foreign_keys {
                    let is_new = known.is_none_or(|known| !known.contains(key));
                    if is_new && features.references_privilege() {
                        need(&["REFERENCES"], &key.referred_table);
                    }
                }
            }
            Step::Migrate { migration, .. } => {
                for (table, _) in migration.reads() {
                    need(&["SELECT"], table);
                }
                for (table, _) in migration.writes() {
                    need(&["SELECT", "INSERT", "UPDATE", "DELETE"], table);
                }
            }
        }
    }
    // Without it a trigger is not only impossible to make, but also impossible to see.
    for table in plan.result.tables.values().filter(|table| !table.triggers.is_empty()) {
        need(&["TRIGGER"], &table.name);
    }
    needs
}

/// A privilege that is missing for every table that needs it is missing for the database. The
/// statement to run is for the database in any case: most servers take none for a table that does
/// not exist yet.
fn refusal(database: &Mysql, held: &Held, needs: &Needs, missing: &Needs) -> Error {
    let whole = format!("{}.*", quote(&held.database));
    let mut told = Vec::new();
    for (privilege, tables) in missing {
        if needs.get(privilege) == Some(tables) {
            told.push(format!("{privilege} on {whole}"));
        } else {
            let of_table =
                |table| format!("{privilege} on {}.{}", quote(&held.database), quote(table));
            told.extend(tables.iter().map(|table| of_table(table)));
        }
    }
    let privileges: Vec<&str> = missing.keys().copied().collect();
    Error::Privileges {
        name: database.context.name.clone(),
        user: held.user.clone(),
        missing: told,
        hint: format!(
            "nothing was changed; let an administrator run: GRANT {} ON {whole} TO {}",
            privileges.join(", "),
            held.user
        ),
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
