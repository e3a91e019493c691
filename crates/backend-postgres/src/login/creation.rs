//! Creates the database that a URL names, on a server that lacks it.

use mlflow_migrate_core::Error;
use sqlx::{AssertSqlSafe, Connection as _};

use super::failure::Failure;
use super::target::Target;
use super::{Connected, open};
use crate::error::from_server;
use crate::render::quote_identifier;

/// The database that every server has for such statements (PostgreSQL manual, "createdb").
const MAINTENANCE: &str = "postgres";

/// `duplicate_database`, and `unique_violation` where two sessions create it at the same moment.
const CREATED_BY_OTHERS: [&str; 2] = ["42P04", "23505"];

/// Connects to a database, and creates it if the server lacks it.
///
/// Returns whether it was created.
pub(crate) async fn open_or_create(target: &Target<'_>) -> Result<(Connected, bool), Failure> {
    match open(target).await {
        Err(failure) if failure.is_missing_database => {
            create(target).await?;
            Ok((open(target).await?, true))
        }
        connected => Ok((connected?, false)),
    }
}

/// Creates the database, in an encoding that holds any text, with the server's own locale.
async fn create(target: &Target<'_>) -> Result<(), Failure> {
    let (mut connection, ..) = open(&target.of_database(MAINTENANCE)).await?;
    let name = quote_identifier(&target.database);
    let sql = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
    let created = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).execute(&mut connection).await;
    // The server ends a session that does not say goodbye, too.
    let _ = connection.close().await;
    match created {
        Ok(_) => Ok(()),
        Err(source) => match from_server(&source) {
            Some(error) if CREATED_BY_OTHERS.contains(&error.code()) => Ok(()),
            Some(error) if error.code() == "42501" => Err(Failure::from(Error::Privileges {
                name: target.name(),
                user: target.user.clone(),
                missing: vec![error.message().to_owned()],
                remedy: format!("let an administrator run {sql}").into(),
            })),
            _ => Err(Failure::from(Error::Database {
                action: format!("creating the database {}", target.database),
                source: Box::new(source),
            })),
        },
    }
}
