//! Renews the row of the lock while its upgrade runs.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::lease::State;
use super::owner::Owner;
use super::passing::passes;
use crate::connection::Connection;
use crate::error::is_missing_table;
use crate::journal::TABLE;
use crate::login::Connector;
use crate::quoting::literal;
use crate::text_protocol;

/// How often the owner renews the row.
const RENEWAL: Duration = Duration::from_secs(2);

/// Renews the row until another session owns it, or this task is ended.
pub(super) async fn renew(
    connection: Connection,
    connector: Connector,
    mut owner: Owner,
    state: watch::Sender<State>,
) {
    let mut connection = Some(connection);
    loop {
        tokio::time::sleep(RENEWAL).await;
        let began = Instant::now();
        let mut current = match connection.take() {
            Some(current) => current,
            None => match connector.open().await {
                Ok(opened) => opened,
                // The server may be reachable again at the next attempt.
                Err(_) => continue,
            },
        };
        owner.renewals += 1;
        match renew_once(&mut current, &owner).await {
            Ok(true) => {
                state.send_replace(State::Renewed(began));
                connection = Some(current);
            }
            Ok(false) => {
                state.send_replace(State::Lost);
                return;
            }
            Err(source) if passes(&source) => connection = Some(current),
            Err(_) => {}
        }
    }
}

async fn renew_once(connection: &mut Connection, owner: &Owner) -> Result<bool, sqlx::Error> {
    let note = literal(&owner.note()?);
    let sql = format!("UPDATE {TABLE} SET note = {note} WHERE {}", owner.is_ours());
    match text_protocol::run(connection, sql).await {
        Err(source) if is_missing_table(&source) => Ok(false),
        renewed => Ok(renewed? == 1),
    }
}
