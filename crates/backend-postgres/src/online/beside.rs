//! Opens further sessions beside the one that keeps other upgraders out.

use std::collections::HashMap;
use std::sync::Arc;

use mlflow_migrate_backend_server::line::Line;
use mlflow_migrate_core::Error;

use crate::database::Postgres;

/// Opens a further session of the same user, without a transaction.
pub(super) async fn beside(database: &Postgres) -> Result<Postgres, Error> {
    let opened = database.connector.open().await;
    let (connection, meter) = opened
        .map_err(|source| database.context().error("opening a further connection", source))?;
    Ok(Postgres {
        graph: database.graph,
        connection,
        line: Line::new(meter, database.line.patience()),
        is_abandoned: false,
        process: 0,
        watch: None,
        observer: Arc::clone(&database.observer),
        connector: database.connector.clone(),
        canceller: None,
        stop: database.stop.clone(),
        name: database.name.clone(),
        user: database.user.clone(),
        schema: database.schema.clone(),
        lock_timeout: database.lock_timeout,
        lock_wait: database.lock_wait,
        access: None,
        column_types: HashMap::new(),
        warnings: Vec::new(),
    })
}
