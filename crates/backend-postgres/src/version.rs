//! Alembic's version table.

use mlflow_migrate_core::Error;
use sqlx::Row as _;

use crate::connect::Postgres;
use crate::render::quote_identifier;

pub(crate) const VERSION_TABLE: &str = "alembic_version";

const CREATE: &str = "CREATE TABLE alembic_version (\n\
    \tversion_num VARCHAR(32) NOT NULL, \n\
    \tCONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)\n)";

impl Postgres {
    /// What the version table holds; `None` if there is none.
    pub(crate) async fn read_versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        let action = "reading alembic_version";
        if !self.has_version_table().await? {
            return Ok(None);
        }
        let sql = "SELECT version_num::text FROM alembic_version ORDER BY version_num";
        let rows = match sqlx::query(sql).fetch_all(&mut self.connection).await {
            Ok(rows) => rows,
            Err(source) => return Err(self.failed(action, source).await),
        };
        let versions: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
        versions.map(Some).map_err(|source| self.context().error(action, source))
    }

    /// Replaces what the version table holds.
    pub(crate) async fn write_version(&mut self, revision: Option<&str>) -> Result<(), Error> {
        let action = "writing alembic_version";
        if !self.has_version_table().await? {
            self.define(CREATE.to_owned(), action).await?;
        }
        let table = quote_identifier(VERSION_TABLE);
        self.run(format!("DELETE FROM {table}"), action).await?;
        let Some(revision) = revision else { return Ok(()) };
        let insert = "INSERT INTO alembic_version (version_num) VALUES ($1)";
        match sqlx::query(insert).bind(revision).execute(&mut self.connection).await {
            Ok(_) => Ok(()),
            Err(source) => Err(self.failed(action, source).await),
        }
    }

    async fn has_version_table(&mut self) -> Result<bool, Error> {
        const SQL: &str = "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
            WHERE n.nspname = $1 AND c.relname = 'alembic_version' AND c.relkind IN ('r', 'p')";
        Ok(!self.catalog(SQL, "looking for alembic_version").await?.is_empty())
    }
}
