//! Connects to a server, through a relay where the operating system allows one.

#[cfg(not(target_os = "linux"))]
mod direct;
#[cfg(target_os = "linux")]
mod relayed;

#[cfg(not(target_os = "linux"))]
pub(crate) use direct::connect;
#[cfg(target_os = "linux")]
pub(crate) use relayed::connect;

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
