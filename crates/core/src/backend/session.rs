//! Begins sessions on the graph of a catalogue.

use super::{Backend, SessionMode};
use crate::error::Error;
use crate::history::catalogue::Catalogue;

/// Begins a session that reads and writes the version table of a catalogue's graph.
///
/// # Errors
/// If the graph cannot exist on this database, or the session cannot begin.
pub(crate) async fn begin(
    backend: &mut dyn Backend,
    catalogue: &Catalogue,
    access: SessionMode,
) -> Result<(), Error> {
    catalogue.refuse_dialect(backend.platform().dialect, &backend.name())?;
    backend.follow(catalogue.name);
    backend.begin(access).await
}
