//! Inspects the first packets of a connection, before the driver sends a password.

#[cfg(not(target_os = "linux"))]
mod direct;
#[cfg(target_os = "linux")]
mod relayed;

#[cfg(not(target_os = "linux"))]
pub(super) use direct::connect;
#[cfg(target_os = "linux")]
pub(super) use relayed::connect;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
