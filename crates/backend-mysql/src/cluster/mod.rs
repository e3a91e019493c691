//! Clusters of servers, and the upgrade's lock where several nodes take writes.

mod claim;
mod lease;
mod membership;
mod owner;
mod passing;
mod renewal;

pub(crate) use claim::{Claim, Claimant};
pub(crate) use lease::{Lease, confirm};
pub(crate) use membership::Cluster;
