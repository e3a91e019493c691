//! Opens a session: reads the URL, reaches the server, logs in, and prepares the settings.

mod attempt;
mod connector;
mod creation;
mod failure;
mod greeting;
mod settings;
mod url;

pub(crate) use attempt::{ENVIRONMENT_REMEDY, encryption_error, explain, no_answer, open};
pub(crate) use connector::Connector;
pub(crate) use creation::open_or_create;
pub(crate) use failure::Failure;
pub(crate) use settings::{logs_statements, of_scripts as script_settings, prepare};
pub(crate) use url::Target;
pub use url::read_url;
