//! What happens until a session stands: the URL is read, the server is reached, the user is let in, and
//! the session gets its settings.

mod attempt;
mod connector;
mod failure;
mod greeting;
mod settings;
mod url;

pub(crate) use attempt::{ENVIRONMENT_HINT, encryption_error, explain, no_answer, open};
pub(crate) use connector::Connector;
pub(crate) use failure::Failure;
pub(crate) use settings::{logs_statements, prepare};
pub(crate) use url::Target;
pub use url::read_url;
