//! Decides when a table is swapped instead of being copied by the server.
//!
//! `CREATE TABLE … LIKE` copies nearly everything of a table. `ALTER TABLE` changes tables that
//! have something else, or that a rename would damage. `ALTER TABLE` also changes small tables,
//! which are copied before a second connection is open.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, TableChange};
use mlflow_migrate_core::schema::{Column, Table};

use super::definition::has_more_than_a_copy;
use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::Context;
use crate::features::Features;
use crate::quoting::quote;
use crate::render::{Alteration, Clause, Cost};
use crate::swap_tables::{NEW, OLD};
use crate::table_facts::TableFacts;
use crate::text_protocol;

/// The longest name of a table, in characters.
const MAX_NAME: usize = 64;

const TABLES: &str = "SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES \
                      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE' \
                      AND ENGINE = 'InnoDB'";

/// Tables that a foreign key of this or another database references.
///
/// When the referenced table is renamed, the foreign key follows it, and prevents the drop of the
/// old table.
const REFERENCED: &str = "SELECT DISTINCT REFERENCED_TABLE_NAME \
                          FROM information_schema.KEY_COLUMN_USAGE \
                          WHERE REFERENCED_TABLE_SCHEMA = DATABASE()";

const COMMENTED: &str = "SELECT DISTINCT TABLE_NAME FROM information_schema.STATISTICS \
                         WHERE TABLE_SCHEMA = DATABASE() AND INDEX_COMMENT <> ''";

/// Reads the facts about every table that a swap depends on.
pub(crate) async fn read_table_facts(
    connection: &mut Connection,
    context: &Context,
) -> Result<TableFacts, Error> {
    read(connection).await.map_err(|source| context.error("reading the tables", source))
}

async fn read(connection: &mut Connection) -> Result<TableFacts, sqlx::Error> {
    let mut found = TableFacts::default();
    for row in text_protocol::rows(connection, TABLES).await? {
        let rows = row.get(1).cloned().flatten().and_then(|rows| rows.parse().ok());
        if let Some(Some(table)) = row.into_iter().next() {
            found.rows.insert(table, rows.unwrap_or_default());
        }
    }
    for sql in [REFERENCED, COMMENTED] {
        found
            .delicate
            .extend(text_protocol::rows(connection, sql).await?.into_iter().flatten().flatten());
    }
    Ok(found)
}

/// Measures the tables that a plan changes.
pub(crate) async fn measure_tables(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    for change in plan.changes().filter(|change| change.before.is_some()) {
        measure_table(database, &change.after.name).await?;
    }
    Ok(())
}

/// Counts a table's rows up to the threshold, and looks for what a swap would lose.
pub(crate) async fn measure_table(database: &mut Mysql, table: &str) -> Result<(), Error> {
    let Mysql { connection, table_facts, features, swap_from_rows, .. } = &mut *database;
    let weighed = weigh(connection, table_facts, table, *swap_from_rows, features).await;
    let action = format!("counting {table}");
    match weighed.map_err(|source| database.context.error(&action, source)) {
        // A user who may not read the table may not change it: the preflight reports the privilege.
        Err(Error::Privileges { .. } | Error::AccessDenied { .. }) => Ok(()),
        weighed => weighed,
    }
}

/// Decides whether a table is large and can be swapped.
///
/// The server's row estimate is useless here: just after a restore from a dump, the estimate is a
/// hundredth of the row count.
async fn weigh(
    connection: &mut Connection,
    facts: &mut TableFacts,
    table: &str,
    from_rows: u64,
    features: &Features,
) -> Result<(), sqlx::Error> {
    if facts.delicate.contains(table) || !facts.rows.contains_key(table) {
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
        facts.large.remove(table);
        return Ok(());
    }
    if has_more_than_a_copy(connection, table, features).await? {
        facts.delicate.insert(table.to_owned());
    } else {
        facts.large.insert(table.to_owned());
    }
    Ok(())
}

/// Returns whether a change is made by swapping the table for a new one.
pub(crate) fn is_swapped(database: &Mysql, change: &TableChange) -> bool {
    let Some(before) = &change.before else { return false };
    let alteration = Alteration::between(before, &change.after, &database.features);
    !database.cluster.has_other_writers()
        && (database.swap_from_rows == 0 || database.table_facts.is_large(&change.after.name))
        && suits(change, &alteration, &database.table_facts, &database.features)
}

/// Returns whether a swap suits a change better than the server's copy, if the table is large.
fn suits(
    change: &TableChange,
    alteration: &Alteration<'_>,
    facts: &TableFacts,
    features: &Features,
) -> bool {
    let (Some(before), after) = (&change.before, &change.after) else { return false };
    let names_fit = after.name.chars().count() + NEW.len().max(OLD.len()) <= MAX_NAME;
    alteration.cost == Cost::Copy
        && names_fit
        && !facts.delicate.contains(&after.name)
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

/// Returns whether a column gets a value in rows for which the old table has none.
fn fills_itself(column: &Column, before: &Table) -> bool {
    column.nullable
        || column.default.is_some()
        || column.generated.is_some()
        || before.find_column(column.live_name()).is_some()
}

/// Returns whether the CHECKs of a swapped table keep their names.
///
/// MySQL numbers the CHECKs of a new table that is `LIKE` another, in their order. MySQL renames
/// them with the table (manual, "CREATE TABLE ... LIKE Statement", "RENAME TABLE Statement").
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

    use super::{Alteration, Features, TableFacts, suits};

    fn table() -> Table {
        Table::new("metrics")
            .column(varchar("key", 250))
            .column(integer("value"))
            .primary_key("pk", &["key"])
    }

    fn is_swapped(server: &str, before: Table, after: Table, facts: &TableFacts) -> bool {
        let features = Features::parse(server).unwrap();
        let change = TableChange { before: Some(before), after, revisions: Vec::new() };
        let before = change.before.as_ref().unwrap();
        let alteration = Alteration::between(before, &change.after, &features);
        suits(&change, &alteration, facts, &features) && facts.is_large("metrics")
    }

    fn large() -> TableFacts {
        TableFacts { large: ["metrics".to_owned()].into(), ..TableFacts::default() }
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
            assert!(!is_swapped(server, table(), after.clone(), &TableFacts::default()));
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
