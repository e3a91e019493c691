//! Changes a database while MLflow runs: the session, and the steps in it.

mod pace;
mod paced_rows;
mod session;
mod step;

pub(crate) use paced_rows::PacedRows;
pub(crate) use session::{begin, end, online};
pub(crate) use step::Steps;
