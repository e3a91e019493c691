//! Finds parts of a table that a copy of it would lack.
//!
//! `CREATE TABLE … LIKE` leaves out where a table is stored. Statistics are kept under the name of
//! the dropped table. An index that is created again has nothing but its columns. Whatever is not
//! known to be copied counts as lost: then the server alters the table.

use crate::connection::Connection;
use crate::error::server_error;
use crate::features::Features;
use crate::quoting::{literal, quote};
use crate::text_protocol;

/// The table options that `LIKE` copies on every server.
const OPTIONS: [&str; 9] = [
    "ENGINE",
    "AUTO_INCREMENT",
    "DEFAULT CHARSET",
    "CHARSET",
    "COLLATE",
    "COMMENT",
    "ROW_FORMAT",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
];

/// Returns whether a table has something that a copy of it would lack.
pub(crate) async fn has_more_than_a_copy(
    connection: &mut Connection,
    table: &str,
    features: &Features,
) -> Result<bool, sqlx::Error> {
    let create =
        text_protocol::rows(connection, format!("SHOW CREATE TABLE {}", quote(table))).await?;
    let create = create.into_iter().next().and_then(|row| row.into_iter().nth(1).flatten());
    if !create.is_some_and(|create| is_plain(&create)) {
        return Ok(true);
    }
    for statistics in statistics(features) {
        let sql = format!("{statistics} = {} LIMIT 1", literal(table));
        match text_protocol::value(connection, sql).await {
            Ok(None) => {}
            Ok(Some(_)) => return Ok(true),
            // MariaDB shows statistics only to users who may read the database `mysql`.
            Err(error) if server_error(&error).is_some() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Returns queries for statistics that an administrator has collected, up to the table's name.
fn statistics(features: &Features) -> &'static [&'static str] {
    if features.is_mariadb() {
        &[
            "SELECT 1 FROM mysql.column_stats WHERE db_name = DATABASE() AND table_name",
            "SELECT 1 FROM mysql.table_stats WHERE db_name = DATABASE() AND table_name",
        ]
    } else if features.histograms() {
        &["SELECT 1 FROM information_schema.COLUMN_STATISTICS \
           WHERE SCHEMA_NAME = DATABASE() AND TABLE_NAME"]
    } else {
        &[]
    }
}

/// Returns whether a definition has only columns, keys and options that a copy has too.
///
/// The definition is the output of `SHOW CREATE TABLE`.
fn is_plain(create: &str) -> bool {
    let mut lines = create.lines().skip(1);
    for line in lines.by_ref() {
        if let Some(options) = line.strip_prefix(')') {
            // Partitions have further lines.
            return options_are_plain(options) && lines.next().is_none();
        }
        let line = line.trim_start().trim_end_matches(',');
        let is_key =
            ["PRIMARY KEY ", "UNIQUE KEY ", "KEY "].iter().any(|key| line.starts_with(key));
        let is_plain = line.starts_with('`')
            || is_key && line.ends_with(')')
            || line.starts_with("CONSTRAINT ")
                && (line.ends_with(')') || line.contains(" FOREIGN KEY "));
        if !is_plain {
            return false;
        }
    }
    false
}

/// Returns whether all options, `NAME=value` in a row, are among the known ones.
fn options_are_plain(options: &str) -> bool {
    let mut rest = options.trim();
    while !rest.is_empty() {
        let Some((name, after)) = rest.split_once('=') else { return false };
        if !OPTIONS.contains(&name.trim()) {
            return false;
        }
        let end = match after.strip_prefix('\'') {
            Some(text) => end_of_text(text).map(|end| end + 1),
            None => after.find(' ').or(Some(after.len())),
        };
        let Some(end) = end else { return false };
        rest = after.get(end..).unwrap_or_default().trim_start();
    }
    true
}

/// Returns where a text ends, after its last quote; the first quote has been removed.
fn end_of_text(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    fn create(key: &str, options: &str) -> String {
        format!(
            "CREATE TABLE `t` (\n  `k` int(11) NOT NULL COMMENT 'a,\\nb)',\n  PRIMARY KEY (`k`),\n  \
             KEY `i` (`k`){key},\n  CONSTRAINT `f` FOREIGN KEY (`k`) REFERENCES `u` (`k`) ON DELETE \
             CASCADE\n){options}"
        )
    }

    #[test]
    fn what_a_copy_has_too_is_plain() {
        for options in [
            " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci",
            " ENGINE=InnoDB DEFAULT CHARSET=latin1 COMMENT='it''s; ) DATA DIRECTORY=''x'' \\\\'",
            " ENGINE=InnoDB STATS_PERSISTENT=1 ROW_FORMAT=DYNAMIC COMMENT=''",
        ] {
            assert!(is_plain(&create("", options)), "{options}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_plain() {
        let usual = " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
        for key in [" USING BTREE", " KEY_BLOCK_SIZE=4", " COMMENT 'c'", " /*!80000 INVISIBLE */"] {
            assert!(!is_plain(&create(key, usual)), "{key}");
        }
        for option in [
            " DATA DIRECTORY='/srv/'",
            " /*!50100 TABLESPACE `t` */",
            " /*!80016 ENCRYPTION='Y' */",
            " COMPRESSION='zlib'",
            " STATS_AUTO_RECALC=0",
            " `PAGE_COMPRESSED`=1",
            " WITH SYSTEM VERSIONING",
            " COMMENT='a' CONNECTION='x'",
            "\n/*!50100 PARTITION BY HASH (k)\nPARTITIONS 4 */",
        ] {
            assert!(!is_plain(&create("", &format!("{usual}{option}"))), "{option}");
        }
        assert!(!is_plain(
            "CREATE TABLE `t` (\n  `k` int,\n  PERIOD FOR p (`a`, `b`)\n) ENGINE=InnoDB"
        ));
    }
}
