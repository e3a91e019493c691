//! The note that an upgrade leaves about how far it has come.
//!
//! MLflow's own check for an empty database leaves out tables whose names begin with `alembic_`.

use mlflow_migrate_core::Error;
use sqlx::MySqlConnection;

use crate::error::Context;
use crate::text;
use crate::version::is_missing;

/// The table's name.
pub(crate) const TABLE: &str = "alembic_mlflow_migrate";

const CREATE: &str = "CREATE TABLE alembic_mlflow_migrate \
                      (id INT NOT NULL, note LONGTEXT NOT NULL, PRIMARY KEY (id)) \
                      ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";

/// The note; `None` if there is none.
pub(crate) async fn read(
    connection: &mut MySqlConnection,
    context: &Context,
) -> Result<Option<String>, Error> {
    match text::value(connection, "SELECT note FROM alembic_mlflow_migrate WHERE id = 1").await {
        Ok(note) => Ok(note),
        Err(source) if is_missing(&source) => Ok(None),
        Err(source) => Err(context.error("reading the journal", source)),
    }
}

/// Replaces the note. In a transaction the table must exist: its creation would commit.
pub(crate) async fn write(
    connection: &mut MySqlConnection,
    note: Option<&str>,
    context: &Context,
) -> Result<(), Error> {
    let work = async {
        let Some(note) = note else {
            return text::run(connection, format!("DROP TABLE IF EXISTS {TABLE}"))
                .await
                .map(|_| ());
        };
        match replace(connection, note).await {
            Err(source) if is_missing(&source) => {
                text::run(connection, CREATE).await?;
                replace(connection, note).await
            }
            replaced => replaced,
        }
    };
    work.await.map_err(|source| context.error("writing the journal", source))
}

/// Creates the table, unless it is there.
pub(crate) async fn ensure(
    connection: &mut MySqlConnection,
    context: &Context,
) -> Result<(), Error> {
    let sql = CREATE.replacen("CREATE TABLE", "CREATE TABLE IF NOT EXISTS", 1);
    let done = text::run(connection, sql).await;
    done.map(|_| ()).map_err(|source| context.error("creating the journal", source))
}

async fn replace(connection: &mut MySqlConnection, note: &str) -> Result<(), sqlx::Error> {
    let statement = sqlx::query("REPLACE INTO alembic_mlflow_migrate (id, note) VALUES (1, ?)");
    statement.bind(note).execute(connection).await.map(|_| ())
}
