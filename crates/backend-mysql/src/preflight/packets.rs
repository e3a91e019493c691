//! Checks that the server accepts statements of the length that an upgrade sends.
//!
//! A session cannot raise the server's own limit. A longer statement ends the connection.

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::error::{Context, PACKET_REMEDY};
use crate::text_protocol;

/// The longest statement of a data migration, with room to spare.
///
/// Even MySQL 5.5 accepts 1 MiB by default.
const LEAST: usize = 64 * 1024;

/// The bytes of a packet beside a text: the statement around it.
const AROUND: usize = 1024;

/// Checks that the statements of data migrations fit.
pub(super) async fn check(connection: &mut Connection, context: &Context) -> Result<(), Error> {
    require(connection, LEAST, context).await
}

/// Checks that a statement which writes this text fits.
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
        remedy: PACKET_REMEDY.into(),
    })
}
