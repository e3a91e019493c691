//! Changes a database while MLflow runs: the session, and the steps in it.

mod session;
mod step;

pub(crate) use session::{begin, end, online};
pub(crate) use step::Steps;
