//! Clusters, and whether several of their nodes take writes.
//!
//! Where several nodes take writes, a named lock and `LOCK TABLES` are local to one node. Neither
//! keeps out a session that is connected to another node (Galera's documentation, "Known
//! Limitations"; MySQL's manual, "Group Replication Limitations").

use mlflow_migrate_core::Error;

use crate::connection::Connection;
use crate::error::Context;
use crate::quoting::literal;
use crate::text_protocol;

/// Variables that show which kind of cluster the server belongs to.
const VARIABLES: [&str; 5] = [
    "wsrep_on",
    "wsrep_provider",
    "server_uuid",
    "group_replication_group_name",
    "group_replication_single_primary_mode",
];

/// The kind of cluster that a server belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Cluster {
    /// Every writer of the database is connected to this server.
    #[default]
    None,
    /// A Galera cluster.
    Galera {
        /// The identity of this node until it is started again.
        node: String,
        /// Whether this session's changes reach the other nodes.
        replicates: bool,
    },
    /// Group replication.
    Group {
        /// The identity of this member.
        node: String,
        /// Whether every member takes writes.
        has_several_primaries: bool,
    },
}

impl Cluster {
    /// Asks the server which cluster it belongs to.
    pub(crate) async fn read(connection: &mut Connection) -> Result<Self, sqlx::Error> {
        let names = VARIABLES.map(literal).join(", ");
        let sql = format!("SHOW SESSION VARIABLES WHERE Variable_name IN ({names})");
        let mut cluster = Self::of(&text_protocol::pairs(connection, sql).await?);
        if let Self::Galera { node, .. } = &mut cluster {
            let sql = "SHOW GLOBAL STATUS LIKE 'wsrep_gcomm_uuid'";
            let status = text_protocol::rows(connection, sql).await?;
            *node = status
                .first()
                .map(|row| text_protocol::cell(row, 1).to_owned())
                .unwrap_or_default();
        }
        Ok(cluster)
    }

    /// Returns the cluster that these variables show; they do not name the Galera node.
    pub(crate) fn of(variables: &[(String, String)]) -> Self {
        let variable = |name: &str| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        if !matches!(variable("wsrep_provider"), "" | "none") {
            let replicates = variable("wsrep_on").eq_ignore_ascii_case("on");
            return Self::Galera { node: String::new(), replicates };
        }
        if variable("group_replication_group_name").is_empty() {
            return Self::None;
        }
        let mode = variable("group_replication_single_primary_mode");
        Self::Group {
            node: variable("server_uuid").to_owned(),
            has_several_primaries: mode.eq_ignore_ascii_case("off"),
        }
    }

    /// Returns whether the server takes statements.
    ///
    /// A Galera node that is apart from most others takes none, and reports that a read has waited
    /// too long.
    pub(crate) async fn is_ready(&self, connection: &mut Connection) -> Result<bool, sqlx::Error> {
        if !matches!(self, Self::Galera { .. }) {
            return Ok(true);
        }
        self.wait_for_others(connection, false).await?;
        let ready =
            text_protocol::rows(connection, "SHOW GLOBAL STATUS LIKE 'wsrep_ready'").await?;
        Ok(ready.first().is_none_or(|row| text_protocol::cell(row, 1).eq_ignore_ascii_case("on")))
    }

    /// Sets whether each statement of a session waits for the earlier changes of other nodes.
    ///
    /// While a table is altered, Galera lets every waiting statement continue only after the
    /// change.
    pub(crate) async fn wait_for_others(
        &self,
        connection: &mut Connection,
        waits: bool,
    ) -> Result<(), sqlx::Error> {
        let sql = match self {
            Self::None | Self::Group { has_several_primaries: false, .. } => return Ok(()),
            // 15 stands for all kinds of statements.
            Self::Galera { .. } => {
                format!("SET SESSION wsrep_sync_wait = {}", if waits { 15 } else { 0 })
            }
            Self::Group { .. } => format!(
                "SET SESSION group_replication_consistency = '{}'",
                if waits { "BEFORE" } else { "EVENTUAL" }
            ),
        };
        text_protocol::run_soon(connection, sql).await.map(|_| ())
    }

    /// Returns the identity of this session's node; `None` where no other node takes writes.
    pub(crate) fn node(&self) -> Option<&str> {
        match self {
            Self::None | Self::Group { has_several_primaries: false, .. } => None,
            Self::Galera { node, .. } | Self::Group { node, .. } => Some(node),
        }
    }

    /// Returns whether sessions on other servers can write, which no lock of this server keeps out.
    pub(crate) fn has_other_writers(&self) -> bool {
        self.node().is_some()
    }

    /// Returns whether changes of the same table on two nodes can break the cluster.
    ///
    /// Galera runs a change of a table on all nodes in one order. Each member of a group runs its own
    /// change first. A member that cannot repeat another member's change leaves the group (MySQL's
    /// manual, "Multi-Primary Mode").
    pub(crate) fn has_conflicting_changes(&self) -> bool {
        matches!(self, Self::Group { has_several_primaries: true, .. })
    }

    /// Returns whether a transaction is sent to other nodes in one piece.
    pub(crate) fn sends_transactions(&self) -> bool {
        *self != Self::None
    }

    /// Returns a query for the identities of the cluster's current nodes.
    pub(crate) fn members(&self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Galera { .. } => Some("SELECT node_uuid FROM mysql.wsrep_cluster_members"),
            Self::Group { .. } => Some(
                "SELECT MEMBER_ID FROM performance_schema.replication_group_members \
                 WHERE MEMBER_STATE IN ('ONLINE', 'RECOVERING', 'UNREACHABLE')",
            ),
        }
    }

    /// Refuses a node of Galera whose changes do not reach the other nodes.
    pub(crate) fn refuse_partitioned(&self, context: &Context) -> Result<(), Error> {
        match self {
            Self::Galera { replicates: false, .. } => Err(Error::ServerLimit {
                name: context.name.clone(),
                problem: "wsrep_on is OFF on this node of a Galera cluster: the other nodes would not get \
                          what an upgrade does"
                    .to_owned(),
                remedy: "the database is unchanged; let an administrator SET GLOBAL wsrep_on = ON, or give the \
                       URL of another node"
                    .into(),
            }),
            Self::Galera { .. } | Self::Group { .. } | Self::None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cluster;

    #[test]
    fn a_lock_is_enough_where_only_one_node_takes_writes() {
        let group = ("group_replication_group_name", "g");
        let mode = "group_replication_single_primary_mode";
        for (variables, has_other_writers, sends_transactions) in [
            (&[][..], false, false),
            (&[("wsrep_on", "OFF"), ("wsrep_provider", "none")], false, false),
            (&[("wsrep_on", "ON"), ("wsrep_provider", "/l.so")], true, true),
            (&[("wsrep_on", "OFF"), ("wsrep_provider", "/l.so")], true, true),
            (&[("group_replication_group_name", ""), (mode, "OFF")], false, false),
            (&[group, (mode, "ON")], false, true),
            (&[group, (mode, "OFF"), ("server_uuid", "u")], true, true),
        ] {
            let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let cluster = Cluster::of(&variables.iter().map(owned).collect::<Vec<_>>());
            let found = (cluster.has_other_writers(), cluster.sends_transactions());
            assert_eq!(found, (has_other_writers, sends_transactions), "{variables:?}");
        }
    }
}
