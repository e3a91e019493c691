//! Reads each kind of entry: one file a kind, as MLflow's modules in `store/fs2db` treat it.

mod assessment;
mod dataset;
pub(crate) mod description;
pub(crate) mod experiment;
mod input;
mod keyed_values;
pub(crate) mod logged_model;
mod metric;
pub(crate) mod registered_model;
pub(crate) mod run;
pub(crate) mod trace;

pub(crate) use dataset::read as read_datasets;
