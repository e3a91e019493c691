//! The owner of an upgrade's lock, as the lock's row names it.

use serde::{Deserialize, Serialize};

use crate::connection::Connection;
use crate::journal::OWNER;
use crate::quoting::literal;
use crate::text_protocol;

/// The session that holds the lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Owner {
    /// Differs for every upgrade.
    pub(super) token: String,
    /// The node that the owner is connected to.
    pub(super) node: String,
    pub(super) connection: String,
    pub(super) user: String,
    pub(super) server: String,
    /// How often the row was renewed.
    pub(super) renewals: u64,
}

impl Owner {
    /// Asks the server for this session's identity.
    pub(super) async fn new(
        connection: &mut Connection,
        node: String,
    ) -> Result<Self, sqlx::Error> {
        let sql = "SELECT UUID(), CONNECTION_ID(), CURRENT_USER(), CONCAT(@@hostname, ':', @@port)";
        let row =
            text_protocol::rows(connection, sql).await?.into_iter().next().unwrap_or_default();
        let cell = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
        Ok(Self {
            token: cell(0),
            node,
            connection: cell(1),
            user: cell(2),
            server: cell(3),
            renewals: 0,
        })
    }

    pub(super) fn note(&self) -> Result<String, sqlx::Error> {
        serde_json::to_string(self).map_err(|source| sqlx::Error::Encode(Box::new(source)))
    }

    /// Returns a condition that matches this owner's row, whatever its number of renewals.
    pub(super) fn is_ours(&self) -> String {
        // Fields are serialized in the order of the struct, so the token is the first.
        format!(
            "id = {OWNER} AND note LIKE {}",
            literal(&format!("{{\"token\":\"{}\"%", self.token))
        )
    }

    pub(super) fn describe(&self) -> String {
        format!("the upgrade of connection {} of {} on {}", self.connection, self.user, self.server)
    }
}

#[cfg(test)]
mod tests {
    use super::Owner;

    #[test]
    fn a_row_is_found_by_its_token_alone() {
        let owner = Owner {
            token: "7e57".to_owned(),
            node: "n".to_owned(),
            connection: "7".to_owned(),
            user: "me@%".to_owned(),
            server: "db:3306".to_owned(),
            renewals: 3,
        };
        assert!(owner.note().unwrap().starts_with("{\"token\":\"7e57\","));
        assert!(owner.is_ours().ends_with("note LIKE '{\"token\":\"7e57\"%'"));
        assert_eq!(owner.describe(), "the upgrade of connection 7 of me@% on db:3306");
    }
}
