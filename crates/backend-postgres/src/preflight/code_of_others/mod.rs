//! Refuses code of other roles that the statements of an upgrade could call.
//!
//! PostgreSQL chooses the function or operator whose types fit a call best. One in the schema may
//! fit better than the server's own: an `=` of two `varchar` fits better than the `=` of two
//! `text`. A trigger is called in any case. All of them run with the privileges of the user who
//! upgrades.
//!
//! So an operator in the schema must belong to a superuser, or to a role that has the user's
//! privileges anyway. The same holds for a function in the schema that has the name of a function
//! of the server, and for a function that converts the type of a column. Objects of extensions are
//! never called, nor are objects that take types which are neither the server's nor a column's.
//!
//! A table's owner has accepted its triggers. Only a superuser has more privileges to lose than the
//! owner.
//!
//! If another role could create such objects, a superuser locks the catalogs until the upgrade
//! ends. Other users cannot lock the catalogs, so objects that are created after the check go
//! unnoticed.

mod queries;

use std::collections::BTreeSet;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use self::queries::{CREATORS, IN_SCHEMA, ON_TABLES};
use crate::database::Postgres;
use crate::statements;

const ACTION: &str = "looking for code of other roles";

/// The number of objects that a message names.
const NAMED: usize = 5;

/// An object of another role, in the words of a message.
struct Found {
    object: String,
    owner: String,
    remedy: String,
}

/// Refuses operators and functions of other roles in the schema.
///
/// Until this check, only the server's own schema may be in the `search_path`.
pub(crate) async fn refuse_in_schema(database: &mut Postgres) -> Result<(), Error> {
    if database.is_upgrade() {
        let rows = statements::catalog(database, CREATORS, ACTION).await?;
        let is_due = rows.first().map_or(Ok(false), |row| row.try_get(0));
        if is_due.map_err(|source| database.context().error(ACTION, source))? {
            let sql = "LOCK TABLE pg_proc, pg_operator IN SHARE ROW EXCLUSIVE MODE";
            statements::run_soon(database, sql.to_owned(), "keeping others from making functions")
                .await?;
        }
    }
    let read = |row: &PgRow| {
        Ok(Found { object: row.try_get(0)?, owner: row.try_get(1)?, remedy: row.try_get(2)? })
    };
    let rows = statements::catalog(database, IN_SCHEMA, ACTION).await?;
    let found: sqlx::Result<Vec<Found>> = rows.iter().map(read).collect();
    let found = found.map_err(|source| database.context().error(ACTION, source))?;
    if found.is_empty() { Ok(()) } else { Err(untrusted(database, &found)) }
}

/// Refuses functions of other roles that the plan's changes of tables and rows would call.
pub(crate) async fn refuse_calls_of_tables(
    database: &mut Postgres,
    plan: &Plan,
) -> Result<(), Error> {
    let altered: BTreeSet<&str> = plan.changes().map(|it| it.after.name.as_str()).collect();
    let mut written = BTreeSet::from([database.version_table().name()]);
    for step in &plan.steps {
        if let Step::Migrate { migration, .. } = step {
            written.extend(migration.writes().iter().map(|(table, _)| *table));
        }
    }
    refuse_calls(database, &altered, &written).await
}

/// Refuses functions of other roles that writing the version table would call.
pub(crate) async fn refuse_calls_of_version_table(database: &mut Postgres) -> Result<(), Error> {
    let written = BTreeSet::from([database.version_table().name()]);
    refuse_calls(database, &BTreeSet::new(), &written).await
}

async fn refuse_calls(
    database: &mut Postgres,
    altered: &BTreeSet<&str>,
    written: &BTreeSet<&str>,
) -> Result<(), Error> {
    let mut found = Vec::new();
    for row in statements::catalog(database, ON_TABLES, ACTION).await? {
        let failed = |source| database.context().error(ACTION, source);
        let text = |at: usize| row.try_get::<String, _>(at).map_err(failed);
        let (table, is_of_rows) = (text(0)?, row.try_get::<bool, _>(3).map_err(failed)?);
        let is_altered = !is_of_rows && altered.contains(table.as_str());
        if is_altered || written.contains(table.as_str()) {
            let object = format!("{} of table {}, which calls {}", text(2)?, text(1)?, text(4)?);
            found.push(Found { object, owner: text(5)?, remedy: text(6)? });
        }
    }
    if found.is_empty() { Ok(()) } else { Err(untrusted(database, &found)) }
}

fn untrusted(database: &Postgres, found: &[Found]) -> Error {
    let named = found.iter().take(NAMED);
    let objects = named.clone().map(|it| format!("{} of role {}", it.object, it.owner));
    let remedies: Vec<&str> = named.map(|it| it.remedy.as_str()).collect();
    let owners: BTreeSet<&str> = found.iter().map(|it| it.owner.as_str()).collect();
    let owners: Vec<&str> = owners.into_iter().collect();
    Error::Untrusted {
        name: database.name.clone(),
        user: database.user.clone(),
        objects: objects.collect(),
        remedy: format!(
            "the database is unchanged; run the upgrade as {}, or look at them, and drop what does not \
             belong there: {}",
            owners.join(" or "),
            remedies.join("; ")
        )
        .into(),
    }
}
