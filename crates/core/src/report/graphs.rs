//! Finds whose tables a database holds: those of the tracking store, of the auth app, or of both.

use crate::backend::Backend;
use crate::error::{Error, ErrorKind};
use crate::graphs::GraphName;
use crate::history::catalogue::Catalogue;
use crate::locate::recognise::{Comparison, is_mlflows, may_be_mlflows};
use crate::report::session::{begin_reading, end_reading};

/// Returns the graphs that have tables in a database, in the order of their upgrades.
///
/// Empty if the auth app has none: then the tracking store is what every command expects.
///
/// # Errors
/// If the database cannot be read.
pub async fn graphs_present(
    backend: &mut dyn Backend,
    tracking: &Catalogue,
    auth: &Catalogue,
) -> Result<Vec<GraphName>, Error> {
    if auth.is_impossible_on(backend.platform().dialect) {
        return Ok(Vec::new());
    }
    begin_reading(backend, auth).await?;
    let result = present_in_session(backend, tracking, auth).await;
    end_reading(backend, result).await
}

async fn present_in_session(
    backend: &mut dyn Backend,
    tracking: &Catalogue,
    auth: &Catalogue,
) -> Result<Vec<GraphName>, Error> {
    let has_version = match backend.versions().await {
        Ok(versions) => versions.is_some(),
        // Whoever may not read the table cannot upgrade the graph either.
        Err(error) if error.kind() == ErrorKind::Privileges => false,
        Err(error) => return Err(error),
    };
    if !has_version && !may_be_mlflows(auth, &backend.table_names().await?) {
        return Ok(Vec::new());
    }
    let live = backend.inspect().await?;
    if !has_version && !is_mlflows(auth, &live) {
        return Ok(Vec::new());
    }
    let has_tracking = is_mlflows(tracking, &live);
    if !has_tracking {
        return Ok(vec![auth.name]);
    }
    // Beside a tracking store, tables of these names alone may be another program's.
    let is_whole = || {
        let states = Comparison::of(auth, backend.platform(), &live)?.fitting();
        Ok::<_, Error>(states.iter().any(Option::is_some))
    };
    Ok(if has_version || is_whole()? { vec![tracking.name, auth.name] } else { Vec::new() })
}
