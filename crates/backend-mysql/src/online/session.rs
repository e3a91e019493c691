//! Begins a session that changes tables while other programs use them.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::backend::SessionMode;

use crate::database::Mysql;
use crate::{session, text_protocol};

/// The numbers of threads that read a table and build its index (MySQL 8.0.27).
///
/// MLflow needs the other processors.
const THREADS: [&str; 2] = ["innodb_parallel_read_threads", "innodb_ddl_threads"];

/// Begins a session, unless a change of a table would stop a cluster.
pub(crate) async fn begin(database: &mut Mysql) -> Result<(), Error> {
    if database.cluster.has_other_writers() {
        return Err(Error::ServerLimit {
            name: database.context.name.clone(),
            problem: "several nodes of a cluster take writes, and all of them would wait until an \
                      index is built"
                .to_owned(),
            remedy: "leave it to `mlflow-migrate upgrade`, which needs MLflow to be stopped".into(),
        });
    }
    session::begin(database, SessionMode::Upgrade).await?;
    for variable in THREADS {
        let sql = format!("SET SESSION {variable} = 1");
        // Older servers, and MariaDB, have no such variable, and build an index by one thread.
        let _ = text_protocol::run_soon(&mut database.connection, sql).await;
    }
    Ok(())
}
