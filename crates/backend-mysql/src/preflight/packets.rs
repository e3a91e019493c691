//! Whether the server takes statements of the length that an upgrade sends.
//!
//! A session cannot ask for more than the server's own limit, and a statement that is longer ends the
//! connection.

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::error::{Context, PACKET_HINT};
use crate::text_protocol;

/// The longest statement of a data migration, with room to spare. Even MySQL 5.5 takes 1 MiB unless it
/// is told otherwise.
const LEAST: usize = 64 * 1024;

/// What a packet holds beside a text: the statement around it.
const AROUND: usize = 1024;

/// Whether the statements of data migrations fit.
pub(super) async fn check(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    require(connection, LEAST, context).await
}

/// Whether a statement fits that writes a text.
pub(crate) async fn check_text(
    connection: &mut Connection,
    text: &str,
    context: &Context,
) -> Result<(), Error> {
    require(connection, text.len() + AROUND, context).await
}

async fn require(
    connection: &mut Connection,
    bytes: usize,
    context: &Context,
) -> Result<(), Error> {
    let limit = text_protocol::value(connection, "SELECT @@max_allowed_packet").await;
    let limit = limit.map_err(|source| context.error("reading settings", source))?;
    let limit: usize = limit.and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
    if limit >= bytes {
        return Ok(());
    }
    Err(Error::ServerLimit {
        name: context.name.clone(),
        problem: format!("max_allowed_packet is {limit}, and an upgrade needs {bytes} bytes"),
        hint: PACKET_HINT.to_owned(),
    })
}
