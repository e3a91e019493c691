//! How large a transaction may be.
//!
//! A server with a binary log collects the changes of a transaction in a cache. Galera and group
//! replication send a transaction to the other nodes in one piece. Each of them has a limit of its
//! own.

use mlflow_migrate_core::Error;

use crate::cluster::Cluster;
use crate::connection::Connection;
use crate::error::Context;
use crate::text_protocol;

/// How many rows are copied at a time where other nodes have to apply them in one piece.
const ROWS_OF_A_CLUSTER: u32 = 10_000;

/// The most bytes that a log adds to a row, and to a transaction.
const AROUND_A_ROW: u64 = 64;
const AROUND_A_TRANSACTION: u64 = 2048;

/// The assumed row length of an empty table, that of one of MLflow's short rows.
const USUAL_ROW: u64 = 256;

/// A size that no transaction reaches; the default of `max_binlog_cache_size` is far above it.
const OUT_OF_REACH: u64 = 1 << 40;

const VARIABLES: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('log_bin', \
                         'max_binlog_cache_size', 'wsrep_max_ws_rows', 'wsrep_max_ws_size', \
                         'group_replication_transaction_size_limit')";

/// A limit, and the variable that sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) variable: &'static str,
    pub(crate) most: u64,
}

/// The limits of one server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) bytes: Option<Limit>,
    pub(crate) rows: Option<Limit>,
    is_cluster: bool,
}

/// Asks the server for its limits.
pub(crate) async fn read(
    connection: &mut Connection,
    cluster: &Cluster,
    context: &Context,
) -> Result<Limits, Error> {
    let variables = text_protocol::pairs(connection, VARIABLES).await;
    let variables = variables.map_err(|source| context.error("reading settings", source))?;
    Ok(Limits::of(&variables, cluster))
}

impl Limits {
    /// Returns the limits that these variables set.
    fn of(variables: &[(String, String)], cluster: &Cluster) -> Self {
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| value.as_str()).unwrap_or_default()
        };
        let limit = |variable: &'static str| {
            let most = value(variable).parse().ok();
            let most = most.filter(|most| *most > 0 && *most < OUT_OF_REACH);
            most.map(|most| Limit { variable, most })
        };
        let is_galera = matches!(cluster, Cluster::Galera { .. });
        let is_group = matches!(cluster, Cluster::Group { .. });
        let of_log = limit("max_binlog_cache_size").filter(|_| value("log_bin") == "ON");
        let of_galera = limit("wsrep_max_ws_size").filter(|_| is_galera);
        let of_group = limit("group_replication_transaction_size_limit").filter(|_| is_group);
        let bytes = [of_log, of_galera, of_group].into_iter().flatten();
        Self {
            bytes: bytes.min_by_key(|limit| limit.most),
            rows: limit("wsrep_max_ws_rows").filter(|_| is_galera),
            is_cluster: cluster.sends_transactions(),
        }
    }

    /// Returns how many rows of `row_bytes` bytes to copy at a time, at most `usual`.
    ///
    /// Half of a limit is left for what the server adds, and for longer rows.
    pub(crate) fn range_rows(&self, usual: u32, row_bytes: u64) -> u32 {
        let of_cluster = if self.is_cluster { ROWS_OF_A_CLUSTER } else { u32::MAX };
        let rows = |rows: u64| u32::try_from(rows).unwrap_or(u32::MAX);
        let by_rows = self.rows.map_or(u32::MAX, |limit| rows(limit.most / 2));
        let by_bytes = self
            .bytes
            .map_or(u32::MAX, |limit| rows(limit.most / 2 / (known(row_bytes) + AROUND_A_ROW)));
        usual.min(of_cluster).min(by_rows).min(by_bytes).max(1)
    }

    /// Returns the limit that overwriting these rows would exceed, and the value that it needs.
    pub(crate) fn refusing(&self, rows: u64, row_bytes: u64) -> Option<(Limit, u64)> {
        let bytes =
            rows.saturating_mul(known(row_bytes).saturating_mul(2).saturating_add(AROUND_A_ROW));
        let of_rows = self.rows.filter(|limit| limit.most < rows).map(|limit| (limit, rows));
        of_rows.or_else(|| self.refusing_bytes(bytes))
    }

    /// Returns the limit that these bytes would exceed, and the value that it needs.
    pub(crate) fn refusing_bytes(&self, bytes: u64) -> Option<(Limit, u64)> {
        let needed = bytes.saturating_add(AROUND_A_TRANSACTION);
        self.bytes.filter(|limit| limit.most < needed).map(|limit| (limit, needed))
    }
}

fn known(row_bytes: u64) -> u64 {
    if row_bytes == 0 { USUAL_ROW } else { row_bytes }
}

/// Returns the error for a limit that is known beforehand to be too low.
pub(crate) fn refusal(what: &str, (limit, needed): (Limit, u64), context: &Context) -> Error {
    let Limit { variable, most } = limit;
    // Only whole multiples of 4096 count (MySQL manual, "max_binlog_cache_size").
    let enough = needed.saturating_mul(2).next_multiple_of(4096);
    Error::TooLarge {
        name: context.name.clone(),
        action: what.to_owned(),
        problem: format!("{variable} is {most}, and it takes about {needed}"),
        remedy: format!(
            "the database is unchanged; let an administrator SET GLOBAL {variable} = {enough}, and run the command again"
        ).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Cluster, Limit, Limits};

    const LOG: &[(&str, &str)] = &[("log_bin", "ON"), ("max_binlog_cache_size", "65536")];
    const GALERA: &[(&str, &str)] = &[
        ("wsrep_on", "ON"),
        ("wsrep_provider", "/usr/lib/galera/libgalera_smm.so"),
        ("wsrep_max_ws_rows", "1000"),
        ("wsrep_max_ws_size", "2147483647"),
    ];

    fn limits(variables: &[&[(&str, &str)]]) -> Limits {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let variables: Vec<_> = variables.concat().iter().map(owned).collect();
        Limits::of(&variables, &Cluster::of(&variables))
    }

    fn limit(variable: &'static str, most: u64) -> Option<Limit> {
        Some(Limit { variable, most })
    }

    #[test]
    fn the_least_limit_that_holds_counts() {
        let group = &[
            ("group_replication_group_name", "a"),
            ("group_replication_transaction_size_limit", "4096"),
        ];
        let group_without_limit = &[
            ("group_replication_group_name", "a"),
            ("group_replication_transaction_size_limit", "0"),
        ];
        let rows = limit("wsrep_max_ws_rows", 1000);
        for (variables, bytes, rows) in [
            (&[][..], None, None),
            (&[LOG], limit("max_binlog_cache_size", 65536), None),
            (
                &[&[("log_bin", "ON"), ("max_binlog_cache_size", "18446744073709547520")][..]],
                None,
                None,
            ),
            (&[&[("log_bin", "OFF"), ("max_binlog_cache_size", "4096")][..]], None, None),
            (&[GALERA], limit("wsrep_max_ws_size", 2_147_483_647), rows),
            (&[LOG, GALERA], limit("max_binlog_cache_size", 65536), rows),
            (&[&[("wsrep_on", "OFF"), ("wsrep_max_ws_rows", "5")][..]], None, None),
            (
                &[
                    &[("wsrep_on", "ON"), ("wsrep_provider", "none"), ("wsrep_max_ws_rows", "5")][..],
                ],
                None,
                None,
            ),
            (&[LOG, group], limit("group_replication_transaction_size_limit", 4096), None),
            (&[LOG, group_without_limit], limit("max_binlog_cache_size", 65536), None),
        ] {
            let found = limits(variables);
            assert_eq!((found.bytes, found.rows), (bytes, rows), "{variables:?}");
        }
    }

    #[test]
    fn ranges_stay_within_the_limits() {
        for (variables, row_bytes, rows) in [
            (&[][..], 0, 50_000),
            (&[LOG], 100, 199),
            (&[LOG], 0, 102),
            (&[LOG], 1 << 20, 1),
            (&[GALERA], 100, 500),
            (
                &[
                    &[("wsrep_on", "ON"), ("wsrep_provider", "x.so"), ("wsrep_max_ws_rows", "0")][..],
                ],
                100,
                10_000,
            ),
            (
                &[
                    &[("wsrep_on", "ON"), ("wsrep_provider", "x.so"), ("wsrep_max_ws_rows", "1")][..],
                ],
                100,
                1,
            ),
            (&[&[("group_replication_group_name", "a")][..]], 100, 10_000),
        ] {
            assert_eq!(
                limits(variables).range_rows(50_000, row_bytes),
                rows,
                "{variables:?} {row_bytes}"
            );
        }
    }

    #[test]
    fn what_is_too_much_is_told_with_what_it_takes() {
        let galera = limits(&[GALERA]);
        assert_eq!(galera.refusing(1000, 10), None);
        assert_eq!(
            galera.refusing(1001, 10).map(|(limit, needed)| (limit.most, needed)),
            Some((1000, 1001))
        );
        let log = limits(&[LOG]);
        assert_eq!(log.refusing(100, 100), None);
        assert_eq!(log.refusing(1000, 100).map(|(_, needed)| needed), Some(266_048));
        assert_eq!(
            log.refusing_bytes(65_536).map(|(limit, _)| limit.variable),
            Some("max_binlog_cache_size")
        );
        assert_eq!(limits(&[]).refusing(u64::MAX, u64::MAX), None);
    }
}
