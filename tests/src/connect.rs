//! Connections of this tool to a database at an address, whichever server is there.

use mlflow_migrate_core::backend::Backend;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::{Error, UpgradeReport};

use crate::address::Address;
use crate::database::{Upgrade, Waits};
use crate::{mysql, postgres};

/// Opens a new connection of this tool to a database on a server.
///
/// # Errors
/// Whatever the backend says.
pub async fn open(address: &Address, waits: Waits) -> Result<Box<dyn Backend>, Error> {
    if address.is_postgres() {
        postgres::open(address, waits).await
    } else {
        mysql::open(address, waits).await
    }
}

/// Upgrades a database to a target as [`crate::database::upgrade`] does, by an address of one's own.
///
/// # Errors
/// Whatever stands in the way.
pub async fn upgrade_at(
    catalogue: &Catalogue,
    address: &Address,
    waits: Waits,
    target: &str,
) -> Result<UpgradeReport, Error> {
    let mut backend = open(address, waits).await?;
    Upgrade::default().run_on(catalogue, &mut *backend, target).await.0
}
