//! Begins and ends what changes a database online.

use std::sync::Arc;

use crate::backend::{Backend, OnlineChanges};
use crate::error::Error;
use crate::event::Observer;
use crate::upgrade::options::UpgradeOptions;

pub(crate) async fn begin(
    backend: &mut dyn Backend,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<(), Error> {
    online(backend)?;
    backend.cancel_on(&request.stop).await?;
    backend.report_to(observer);
    online(backend)?.begin_online().await
}

pub(crate) async fn end<Report>(
    backend: &mut dyn Backend,
    result: Result<Report, Error>,
) -> Result<Report, Error> {
    let ended = backend.rollback().await;
    let report = result?;
    ended.map(|()| report)
}

pub(crate) fn online(backend: &mut dyn Backend) -> Result<&mut dyn OnlineChanges, Error> {
    let name = backend.name();
    backend.online().ok_or_else(|| Error::Unsupported {
        url: name,
        problem:
            "SQLite lets nobody write to the file while it changes, so nothing can be done while \
                  MLflow runs"
                .to_owned(),
        remedy: "stop MLflow, and run `mlflow-migrate upgrade`".into(),
    })
}
