//! What the backends for database servers share: connecting, answer limits, certificate checks.

pub mod backoff;
pub mod certificates;
pub mod line;
pub mod name_lookup;
pub mod parameter;
#[cfg(target_os = "linux")]
pub mod relay;
pub mod short_waits;
pub mod statement_text;
