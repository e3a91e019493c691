//! The parts of a change that is made by an exchange, and their statements.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::Table;

use crate::features::Features;
use crate::quoting::quote;
use crate::render::{
    Alteration, Clause, ColumnAttributes, Cost, NewTable, UncheckedForeignKeys, anonymous_check,
};
use crate::swap_tables::PARTITIONED;

/// The longest name of a table, in characters.
const MAX_NAME: usize = 64;

/// A change whose only expensive part is a new CHECK.
#[derive(Debug)]
pub(crate) struct Exchange<'a> {
    pub(crate) before: &'a Table,
    pub(crate) after: &'a Table,
    pub(crate) features: &'a Features,
    /// The table with all changes but those of its CHECKs.
    middle: Table,
    change: &'a TableChange,
}

impl<'a> Exchange<'a> {
    /// Returns the parts of a change, `None` if an exchange does not suit the change.
    ///
    /// An exchange needs a primary key to partition the table by, and no other unique key. No
    /// foreign key may change, and no column that the server adds or drops instantly: the server
    /// exchanges no table with such columns.
    pub(crate) fn of(change: &'a TableChange, features: &'a Features) -> Option<Self> {
        let (before, after) = (change.before.as_ref()?, &change.after);
        let middle = Table { checks: before.checks.clone(), ..after.clone() };
        let exchange = Self { before, after, features, middle, change };
        (features.exchanges_unlike_checks() && exchange.is_possible()).then_some(exchange)
    }

    fn is_possible(&self) -> bool {
        let (before, after) = (self.before, self.after);
        let mut columns = before.columns.iter().chain(&after.columns);
        let (in_place, checks) = (self.in_place(), self.checks());
        after.name.chars().count() + PARTITIONED.len() <= MAX_NAME
            && before.primary_key.is_some()
            && before.uniques.is_empty()
            && after.uniques.is_empty()
            && before.indexes.iter().chain(&after.indexes).all(|index| !index.unique)
            && before.inexpressible.is_empty()
            && self.as_new().has_only_indexes_of_its_keys()
            && columns.all(|column| column.generated.is_none())
            && keeps_foreign_keys(&in_place)
            && in_place.cost <= Cost::Scan
            && in_place.parts.iter().flatten().all(is_in_place)
            && keeps_foreign_keys(&checks)
            && checks.cost == Cost::Copy
            && checks.parts.iter().flatten().all(is_of_check)
    }

    /// Returns the change that the server makes in place.
    pub(crate) fn in_place(&self) -> Alteration<'_> {
        Alteration::between(self.before, &self.middle, self.features)
    }

    /// Returns the change of the CHECKs.
    pub(crate) fn checks(&self) -> Alteration<'_> {
        Alteration::between(&self.middle, self.after, self.features)
    }

    /// Returns the change in place as a change of the table.
    pub(crate) fn change_in_place(&self) -> TableChange {
        let (before, after) = (Some(self.before.clone()), self.middle.clone());
        TableChange { before, after, revisions: self.change.revisions.clone() }
    }

    /// Returns the change that remains after that.
    pub(crate) fn remaining(&self) -> TableChange {
        TableChange { before: Some(self.middle.clone()), ..self.change.clone() }
    }

    /// Returns the statements that remove the new CHECKs.
    pub(super) fn without_checks(&self) -> Vec<String> {
        let added = self.checks().parts.into_iter().flatten();
        let dropped = added.filter_map(|clause| match clause {
            Clause::AddCheck(check) => check.name.as_deref(),
            _ => None,
        });
        let drop =
            |name| format!("ALTER TABLE {} DROP CHECK {}", quote(&self.after.name), quote(name));
        dropped.map(drop).collect()
    }

    /// Returns the name of the partitioned table.
    fn partitioned(&self) -> String {
        format!("{PARTITIONED}{}", self.after.name)
    }

    /// Creates the empty partitioned table.
    ///
    /// The partitioned table has the new CHECKs already. So a server that would refuse a table
    /// without them refuses the first exchange, and never the second one.
    pub(super) fn create(&self) -> Vec<String> {
        let (partitioned, table) = (quote(&self.partitioned()), quote(&self.after.name));
        let checks = self.checks();
        let added = checks.parts.iter().flatten().filter_map(|clause| match clause {
            Clause::AddCheck(check) => Some(format!("ADD {}", anonymous_check(check))),
            _ => None,
        });
        let added: Vec<String> = added.collect();
        vec![
            format!("CREATE TABLE {partitioned} LIKE {table}"),
            format!(
                "ALTER TABLE {partitioned} {} PARTITION BY KEY () PARTITIONS 1",
                added.join(", ")
            ),
        ]
    }

    /// Locks both tables, and reads those that the foreign keys reference.
    pub(super) fn lock(&self) -> String {
        let (table, partitioned) = (quote(&self.after.name), quote(&self.partitioned()));
        let mut locks = format!("LOCK TABLES {table} WRITE, {partitioned} WRITE");
        let mut referred: Vec<&str> = Vec::new();
        for key in &self.after.foreign_keys {
            let name = key.referred_table.as_str();
            if name != self.after.name && !referred.contains(&name) {
                referred.push(name);
            }
        }
        for name in referred {
            locks += &format!(", {} READ", quote(name));
        }
        locks
    }

    /// Exchanges the rows of the two tables.
    pub(super) fn exchange(&self) -> String {
        exchange(&self.partitioned(), &self.after.name)
    }

    fn as_new(&self) -> NewTable<'a> {
        NewTable::new(self.before, self.after, self.features)
    }

    /// Returns all foreign keys of the table.
    pub(super) fn foreign_keys(&self) -> UncheckedForeignKeys<'a> {
        self.as_new().foreign_keys()
    }

    /// Returns all statements, to show them.
    pub(crate) fn statements(&self) -> Vec<String> {
        let attributes = ColumnAttributes::new();
        let mut statements = self.in_place().statements(&attributes, self.features);
        statements.extend(self.create());
        statements.push(self.lock());
        let keys = self.foreign_keys();
        if !keys.keys.is_empty() {
            statements.push(keys.drop());
        }
        statements.push(self.exchange());
        statements.extend(self.checks().statements(&attributes, self.features));
        statements.push(self.exchange());
        if !keys.keys.is_empty() {
            statements.push(UncheckedForeignKeys::CHECKS_OFF.to_owned());
            statements.push(keys.add());
            statements.push(UncheckedForeignKeys::CHECKS_ON.to_owned());
        }
        statements.push("UNLOCK TABLES".to_owned());
        statements.push(format!("DROP TABLE {}", quote(&self.partitioned())));
        statements.extend(self.in_place().triggers.iter().map(|it| it.definition.clone()));
        statements
    }
}

/// Exchanges the rows of a partitioned table with those of another table.
pub(super) fn exchange(partitioned: &str, table: &str) -> String {
    format!(
        "ALTER TABLE {} EXCHANGE PARTITION p0 WITH TABLE {} WITHOUT VALIDATION",
        quote(partitioned),
        quote(table)
    )
}

fn keeps_foreign_keys(alteration: &Alteration<'_>) -> bool {
    let added = |clause: &Clause<'_>| matches!(clause, Clause::AddForeignKey { .. });
    alteration.dropped_foreign_keys.is_empty()
        && alteration.unchecked.keys.is_empty()
        && !alteration.parts.iter().flatten().any(added)
}

fn is_in_place(clause: &Clause<'_>) -> bool {
    match clause {
        Clause::DropIndex(_)
        | Clause::UseIndex(_)
        | Clause::AddIndex(_)
        | Clause::RenameIndex { .. } => true,
        Clause::ChangeColumn { before, after } => before.name == after.name,
        _ => false,
    }
}

fn is_of_check(clause: &Clause<'_>) -> bool {
    matches!(clause, Clause::DropCheck(_) | Clause::AddCheck(_))
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::plan::TableChange;
    use mlflow_migrate_core::schema::{Index, Table, big_integer, integer, varchar};

    use super::{Exchange, Features};

    const MYSQL: &str = "9.7.0";

    fn table() -> Table {
        Table::new("metrics")
            .column(varchar("key", 250))
            .column(integer("value"))
            .primary_key("pk", &["key"])
    }

    fn checked() -> Table {
        table().check("metrics_chk_1", "value > 0")
    }

    fn statements(server: &str, before: Table, after: Table) -> Option<Vec<String>> {
        let features = Features::parse(server).unwrap();
        let change = TableChange { before: Some(before), after, revisions: Vec::new() };
        Exchange::of(&change, &features).map(|exchange| exchange.statements())
    }

    #[test]
    fn only_a_check_makes_the_server_copy() {
        let indexed = checked().index(Index::new("i", &["value"]));
        let mut retyped = checked();
        retyped.columns[1] = big_integer("value");
        for (server, before, after, expected) in [
            (MYSQL, table(), checked(), true),
            (MYSQL, table(), indexed.clone(), true),
            ("8.0.15", table(), checked(), false),
            ("10.11.14-MariaDB", table(), checked(), false),
            (MYSQL, checked(), table(), false),
            (MYSQL, table(), table().index(Index::new("i", &["value"])), false),
            (MYSQL, table(), retyped, false),
            (MYSQL, table(), checked().column(integer("new")), false),
            (MYSQL, table().unique(&["value"]), checked().unique(&["value"]), false),
            (MYSQL, table().column(integer("old")), checked(), false),
        ] {
            let found = statements(server, before, after.clone());
            assert_eq!(found.is_some(), expected, "{server} {after:?}");
        }
    }

    #[test]
    fn the_rows_are_away_only_while_the_table_gets_its_check() {
        let after = checked().index(Index::new("i", &["value"]));
        let exchange = "ALTER TABLE `alembic_mlflow_migrate_rows_metrics` EXCHANGE PARTITION p0 WITH TABLE \
                        `metrics` WITHOUT VALIDATION";
        assert_eq!(
            statements(MYSQL, table(), after).unwrap(),
            [
                "ALTER TABLE `metrics`\n  ADD KEY `i` (`value`)",
                "CREATE TABLE `alembic_mlflow_migrate_rows_metrics` LIKE `metrics`",
                "ALTER TABLE `alembic_mlflow_migrate_rows_metrics` ADD CHECK (value > 0) PARTITION BY \
                 KEY () PARTITIONS 1",
                "LOCK TABLES `metrics` WRITE, `alembic_mlflow_migrate_rows_metrics` WRITE",
                exchange,
                "ALTER TABLE `metrics`\n  ADD CONSTRAINT `metrics_chk_1` CHECK (value > 0)",
                exchange,
                "UNLOCK TABLES",
                "DROP TABLE `alembic_mlflow_migrate_rows_metrics`",
            ]
        );
    }
}
