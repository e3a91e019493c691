//! When a table is swapped instead of being copied by the server.
//!
//! `CREATE TABLE … LIKE` takes over nearly everything of a table. What it does not, and what a rename
//! would take to the wrong table, is left to `ALTER TABLE`; so are small tables, which are copied
//! before a second connection is up.

use std::collections::{BTreeMap, BTreeSet};

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{Column, Table};

use super::{NEW, OLD};
use crate::connection::Connection;
use crate::features::Features;
use crate::quoting::quote;
use crate::render::{Alteration, Clause, Cost};
use crate::swap::definition::has_more_than_a_copy;
use crate::text_protocol;

/// The longest name of a table, in characters.
const MAX_NAME: usize = 64;

const TABLES: &str = "SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' \
                      AND ENGINE = 'InnoDB'";

/// A foreign key follows the table that it references when that gets another name, also one of another
/// database, and keeps the old table from being dropped.
const REFERENCED: &str = "SELECT DISTINCT REFERENCED_TABLE_NAME \
                          FROM information_schema.KEY_COLUMN_USAGE \
                          WHERE REFERENCED_TABLE_SCHEMA = DATABASE()";

const COMMENTED: &str = "SELECT DISTINCT TABLE_NAME FROM information_schema.STATISTICS \
                         WHERE TABLE_SCHEMA = DATABASE() AND INDEX_COMMENT <> ''";

/// What is known of the tables of a database besides their schema.
#[derive(Clone, Debug, Default)]
pub(crate) struct Occasions {
    /// The estimated rows of each table of InnoDB's.
    rows: BTreeMap<String, u64>,
    /// Tables that a rename or a new table would do harm to.
    delicate: BTreeSet<String>,
    /// Tables that have as many rows as a swap takes, counted.
    large: BTreeSet<String>,
}

impl Occasions {
    /// Asks the server.
    pub(crate) async fn read(connection: &mut Connection) -> Result<Self, sqlx::Error> {
        let mut found = Self::default();
        for row in text_protocol::rows(connection, TABLES).await? {
            let rows = row.get(1).cloned().flatten().and_then(|rows| rows.parse().ok());
            if let Some(Some(table)) = row.into_iter().next() {
                found.rows.insert(table, rows.unwrap_or_default());
            }
        }
        for sql in [REFERENCED, COMMENTED] {
            found.delicate.extend(
                text_protocol::rows(connection, sql).await?.into_iter().flatten().flatten(),
            );
        }
        Ok(found)
    }
}

impl Occasions {
    /// Counts the rows of a table as far as that matters, and looks for what a swap would lose. The
    /// server's own estimate is no use: a dump that was just restored has one row in a hundred.
    pub(crate) async fn weigh(
        &mut self,
        connection: &mut Connection,
        table: &str,
        from_rows: u64,
        features: &Features,
    ) -> Result<(), sqlx::Error> {
        if self.delicate.contains(table) || !self.rows.contains_key(table) {
            return Ok(());
        }
        let is_large = from_rows == 0 || {
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM {} LIMIT {from_rows}) AS counted",
                quote(table)
            );
            let counted = text_protocol::value_of_tables(connection, sql).await?;
            counted.and_then(|rows| rows.parse().ok()).unwrap_or(0) >= from_rows
        };
        if !is_large {
            self.large.remove(table);
            return Ok(());
        }
        if has_more_than_a_copy(connection, table, features).await? {
            self.delicate.insert(table.to_owned());
        } else {
            self.large.insert(table.to_owned());
        }
        Ok(())
    }

    /// Whether a table is large enough for a swap, or one has begun: what was begun as a swap goes on
    /// as one.
    pub(crate) fn is_large(&self, table: &str) -> bool {
        self.large.contains(table) || self.is_begun(table)
    }

    /// About how many rows a table has.
    pub(crate) fn rows(&self, table: &str) -> u64 {
        self.rows.get(table).copied().unwrap_or_default()
    }

    /// Whether a new table is there that an interrupted swap of this one has left.
    pub(crate) fn is_begun(&self, table: &str) -> bool {
        self.rows.contains_key(&format!("{NEW}{table}"))
    }
}

/// Whether a change is one that a swap makes better than the server, if the table is large.
pub(crate) fn suits(
    change: &TableChange,
    alteration: &Alteration<'_>,
    occasions: &Occasions,
    features: &Features,
) -> bool {
    let (Some(before), after) = (&change.before, &change.after) else { return false };
    let names_fit = after.name.chars().count() + NEW.len().max(OLD.len()) <= MAX_NAME;
    alteration.cost == Cost::Copy
        && names_fit
        && !occasions.delicate.contains(&after.name)
        && before.primary_key.is_some()
        && after.primary_key.is_some()
        && before.triggers.is_empty()
        && before.inexpressible.is_empty()
        && before.indexes.iter().chain(&after.indexes).all(|index| index.definition.is_none())
        && before.columns.iter().chain(&after.columns).all(|column| !column.autoincrement)
        && after.columns.iter().all(|column| fills_itself(column, before))
        && after.columns.iter().all(|column| column.live_name() == column.name)
        && (!features.enforces_checks()
            || features.is_mariadb()
            || keeps_names_of_checks(before, alteration))
}

/// Whether a column has a value where the table before has none for it.
fn fills_itself(column: &Column, before: &Table) -> bool {
    column.nullable
        || column.default.is_some()
        || column.generated.is_some()
        || before.find_column(column.live_name()).is_some()
}

/// MySQL gives the CHECKs of a new table that is `LIKE` another numbers, in their order, and renames
/// those with the table (manual, "CREATE TABLE ... LIKE Statement", "RENAME TABLE Statement").
fn keeps_names_of_checks(before: &Table, alteration: &Alteration<'_>) -> bool {
    let is_dropped =
        alteration.parts.iter().flatten().any(|clause| matches!(clause, Clause::DropCheck(_)));
    let numbered = (1..).map(|number: u32| format!("{}_chk_{number}", before.name));
    let mut names = before.checks.iter().map(|check| check.name.as_deref()).zip(numbered);
    !is_dropped && names.all(|(name, numbered)| name == Some(&numbered))
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::plan::TableChange;
    use mlflow_migrate_core::schema::{Table, big_integer, integer, varchar};

    use super::{Alteration, Features, Occasions, suits};

    fn table() -> Table {
        Table::new("metrics")
            .column(varchar("key", 250))
            .column(integer("value"))
            .primary_key("pk", &["key"])
    }

    fn is_swapped(server: &str, before: Table, after: Table, occasions: &Occasions) -> bool {
        let features = Features::parse(server).unwrap();
        let change = TableChange { before: Some(before), after, revisions: Vec::new() };
        let before = change.before.as_ref().unwrap();
        let alteration = Alteration::between(before, &change.after, &features);
        suits(&change, &alteration, occasions, &features) && occasions.is_large("metrics")
    }

    fn large() -> Occasions {
        Occasions { large: ["metrics".to_owned()].into(), ..Occasions::default() }
    }

    #[test]
    fn only_what_the_server_would_copy_is_swapped() {
        let mut retyped = table();
        retyped.columns[1] = big_integer("value");
        let indexed = table().index(mlflow_migrate_core::schema::Index::new("i", &["value"]));
        let checked = table().check("metrics_chk_1", "value > 0");
        for (server, after, expected) in [
            ("5.7.44", &retyped, true),
            ("5.7.44", &indexed, false),
            ("5.7.44", &checked, false),
            ("9.7.0", &checked, true),
            ("10.11.14-MariaDB", &checked, true),
        ] {
            let found = is_swapped(server, table(), after.clone(), &large());
            assert_eq!(found, expected, "{server} {after:?}");
            assert!(!is_swapped(server, table(), after.clone(), &Occasions::default()));
        }
    }

    #[test]
    fn what_a_rename_would_harm_is_left_to_the_server() {
        let checked = table().check("metrics_chk_1", "value > 0");
        let mut referenced = large();
        referenced.delicate.insert("metrics".to_owned());
        assert!(!is_swapped("9.7.0", table(), checked.clone(), &referenced));
        let own = table().check("own", "value < 9");
        let both = own.clone().check("metrics_chk_1", "value > 0");
        assert!(!is_swapped("9.7.0", own, both, &large()));
        let twice = checked.clone().check("metrics_chk_2", "value > 0");
        assert!(is_swapped("9.7.0", checked, twice, &large()));
    }
}
