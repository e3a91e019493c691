//! Begins and ends what changes a database online.

use std::sync::Arc;

use super::report::PrepareReport;
use crate::backend::{Backend, OnlineChanges};
use crate::error::Error;
use crate::event::Observer;
use crate::upgrade::options::UpgradeOptions;

pub(super) async fn begin(
    backend: &mut dyn Backend,
    request: &UpgradeOptions,
    observer: &Arc<dyn Observer>,
) -> Result<(), Error> {
    online(backend)?;
    backend.cancel_on(&request.stop).await?;
    backend.report_to(observer);
    online(backend)?.begin_online().await
}

pub(super) async fn end(
    backend: &mut dyn Backend,
    result: Result<PrepareReport, Error>,
) -> Result<PrepareReport, Error> {
    let ended = backend.rollback().await;
    let report = result?;
    ended.map(|()| report)
}

pub(super) fn online(backend: &mut dyn Backend) -> Result<&mut dyn OnlineChanges, Error> {
    let name = backend.name();
    backend.online().ok_or_else(|| Error::Unsupported {
        url: name,
        problem:
            "SQLite lets nobody write to the file while it changes, so nothing can be prepared \
                  while MLflow runs"
                .to_owned(),
        remedy: "stop MLflow, and run `mlflow-migrate upgrade`".into(),
    })
}
