//! Sessions: one transaction holds a whole upgrade.
//!
//! `BEGIN IMMEDIATE` keeps other writers out from the first moment, so two upgraders cannot meet,
//! and whatever happens before the COMMIT, a killed process or a full disk, leaves the file as it
//! was.

use std::sync::Arc;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;

use crate::connect::Sqlite;
use crate::error::WRITE_PROTECTED;
use crate::late;

/// Foreign keys off, as SQLite's manual asks for when tables are rebuilt (lang_altertable, section
/// 7), and renames that do not touch, or even parse, views and triggers.
const UPGRADE: &str = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON; BEGIN IMMEDIATE";

/// Reads a little, for which the file has to be in order.
const READ: &str = "SELECT count(*) FROM sqlite_schema";

impl Sqlite {
    pub(crate) async fn begin_session(&mut self, access: SessionMode) -> Result<(), Error> {
        self.violations = None;
        self.asked = Arc::default();
        let is_unchanged = self.unchanged.is_some();
        self.call(move |connection, context| {
            let read_only = connection.is_readonly("main");
            if access == SessionMode::Upgrade
                && read_only.map_err(|source| context.error("opening the database", source))?
            {
                return Err(Error::ReadOnly {
                    name: context.name.to_owned(),
                    problem: if is_unchanged {
                        "the file or its folder is write-protected".to_owned()
                    } else {
                        "the file is write-protected".to_owned()
                    },
                    hint: WRITE_PROTECTED.to_owned(),
                });
            }
            let statements = match access {
                SessionMode::Read => "BEGIN",
                SessionMode::Upgrade => UPGRADE,
            };
            connection
                .execute_batch(statements)
                .map_err(|source| context.error("locking the database", source))
        })
        .await
    }

    pub(crate) async fn commit_session(&mut self) -> Result<(), Error> {
        self.call(|connection, context| {
            late::write_all(connection, context)?;
            connection
                .execute_batch("COMMIT; PRAGMA legacy_alter_table = OFF")
                .map_err(|source| context.error("committing the upgrade", source))
        })
        .await?;
        self.created = false;
        Ok(())
    }

    pub(crate) async fn rollback_session(&mut self) -> Result<(), Error> {
        self.call(|connection, context| {
            // SQLite has rolled back by itself after some errors, a full disk among them.
            let rollback = if connection.is_autocommit() { "" } else { "ROLLBACK; " };
            connection
                .execute_batch(&format!("{rollback}PRAGMA legacy_alter_table = OFF"))
                .map_err(|source| context.error("rolling back", source))?;
            // After a write that failed, the journal is played back for whoever reads next.
            let _ = connection.query_row(READ, [], |_| Ok(()));
            Ok(())
        })
        .await?;
        self.remove_created()
    }

    /// A file that was created for an upgrade which then failed is not left behind.
    fn remove_created(&self) -> Result<(), Error> {
        let is_empty = std::fs::metadata(&self.path).is_ok_and(|metadata| metadata.len() == 0);
        if self.created && is_empty {
            std::fs::remove_file(&self.path).map_err(|source| Error::Database {
                action: format!("removing the empty file {}", self.path.display()),
                source: Box::new(source),
            })?;
        }
        Ok(())
    }
}
