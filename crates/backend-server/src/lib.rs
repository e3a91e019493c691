//! What the backends for database servers share: how they reach a server, and whom they trust there.

pub mod certificates;
pub mod line;
pub mod parameter;
#[cfg(target_os = "linux")]
pub mod relay;
pub mod statement_text;
