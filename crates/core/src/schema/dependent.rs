//! Finds the objects that depend on a dropped or renamed column.
//!
//! A server drops some of these objects with the column, as MLflow's own upgrade expects. Because
//! of the others, the server refuses to drop the column. Only SQLite would break a dependent object
//! silently.

use super::words::{mentions, names_column};
use super::{Check, Column, DefaultValue, Index, Table};
use crate::schema::platform::{AutomaticCheckName, Dialect, Platform};

/// An object that depends on a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependent {
    /// The kind and name of the object.
    pub object: String,
    /// The statement that drops the object, if one exists.
    pub remedy: Option<String>,
}

impl Dependent {
    fn new(kind: &str, name: &str, remedy: Option<String>) -> Self {
        Self { object: format!("{kind} {name}"), remedy }
    }
}

impl Index {
    /// Returns whether the index depends on a column of its table.
    pub(super) fn depends_on(&self, column: &str, dialect: Dialect) -> bool {
        let names = |text: &str| names_column(text, column, dialect);
        self.columns.iter().any(|part| part.name == column || names(&part.name))
            || self.include.iter().any(|included| included == column)
            || self.predicate.as_deref().is_some_and(names)
            // A definition that the model cannot parse.
            || (self.columns.is_empty() && self.definition.as_deref().is_some_and(names))
    }
}

impl Index {
    /// Returns whether a part of the index is an expression that names a column.
    fn depends_on_part(&self, column: &str, dialect: Dialect) -> bool {
        let mut parts = self.columns.iter();
        parts.any(|part| part.name != column && names_column(&part.name, column, dialect))
    }
}

impl Platform {
    pub(crate) fn is_mariadb(&self) -> bool {
        self.is_mysql() && self.automatic_check_name == AutomaticCheckName::Number
    }
}

impl Table {
    /// Removes from the table what the server drops with a column.
    ///
    /// PostgreSQL drops every index and constraint that contains the column. SQLite can do the
    /// same, since its table is rewritten. MySQL and MariaDB remove the column from indexes, and
    /// drop a CHECK that names no other column.
    pub(super) fn drop_with_column(&mut self, column: &str, platform: &Platform) {
        let dialect = platform.dialect;
        if platform.is_mysql() {
            self.uniques.retain(|unique| unique.columns != [column]);
            for index in self.indexes.iter_mut().filter(|index| !index.unique) {
                index.columns.retain(|part| part.name != column);
            }
            self.indexes.retain(|index| !index.columns.is_empty());
            let gone: Vec<Check> = self
                .checks
                .iter()
                .filter(|it| self.goes_along(it, column, platform))
                .cloned()
                .collect();
            self.checks.retain(|check| !gone.contains(check));
        } else {
            self.indexes.retain(|index| !index.depends_on(column, dialect));
            self.checks.retain(|check| !names_column(&check.expression, column, dialect));
            self.uniques.retain(|unique| !unique.columns.iter().any(|one| one == column));
            self.foreign_keys.retain(|key| !key.columns.iter().any(|one| one == column));
        }
    }

    /// Describes the objects that the table loses, in full or in part, because of a column.
    ///
    /// `after` is the table after the change.
    pub(crate) fn lost_with(&self, column: &str, after: &Self, dialect: Dialect) -> Vec<String> {
        let mut lost = Vec::new();
        for index in self.indexes.iter().filter(|index| index.depends_on(column, dialect)) {
            match after.indexes.iter().find(|it| it.name == index.name) {
                None => lost.push(format!("index {}", index.name)),
                Some(kept) if kept.columns.len() < index.columns.len() => {
                    lost.push(format!("a part of index {}", index.name));
                }
                Some(_) => {}
            }
        }
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        let is_over = |columns: &[String]| columns.iter().any(|one| one == column);
        let uniques = self.uniques.iter().filter(|it| is_over(&it.columns));
        let uniques = uniques.filter(|it| !after.uniques.contains(it));
        lost.extend(uniques.map(|unique| format!("unique key {}", name(&unique.name))));
        let keys = self.foreign_keys.iter().filter(|it| is_over(&it.columns));
        let keys = keys.filter(|it| !after.foreign_keys.contains(it));
        lost.extend(keys.map(|key| format!("foreign key {}", name(&key.name))));
        let checks = self.checks.iter().filter(|it| names_column(&it.expression, column, dialect));
        let checks = checks.filter(|it| !after.checks.contains(it));
        lost.extend(checks.map(|check| match &check.name {
            Some(name) => format!("CHECK {name}"),
            None => format!("CHECK ({})", check.expression),
        }));
        lost
    }

    /// Returns whether MySQL or MariaDB drops a CHECK with a column.
    ///
    /// Either the CHECK is the column's own, or it names no other column.
    fn goes_along(&self, check: &Check, column: &str, platform: &Platform) -> bool {
        let names = |column: &str| names_column(&check.expression, column, platform.dialect);
        let is_own = platform.is_mariadb() && check.name.as_deref() == Some(column);
        let names_others =
            || self.columns.iter().any(|other| other.name != column && names(&other.name));
        names(column) && (is_own || !names_others())
    }

    /// Returns the objects that depend on a dropped column, or because of which a server keeps it.
    pub(crate) fn dependents_of_dropped(
        &self,
        column: &str,
        platform: &Platform,
    ) -> Vec<Dependent> {
        let dialect = platform.dialect;
        let mut found = Vec::new();
        if self.key_columns().iter().any(|one| one == column) {
            found.push(Dependent::new("the primary key of", &self.name, None));
        }
        let indexes = self.indexes.iter().filter(|index| index.depends_on(column, dialect));
        found.extend(indexes.map(|index| self.dependent_index(&index.name, dialect)));
        for unique in self.uniques.iter().filter(|it| it.columns.iter().any(|one| one == column)) {
            let name = unique.name.as_deref().unwrap_or_default();
            found.push(self.dependent_index(name, dialect));
        }
        for key in self.foreign_keys.iter().filter(|it| it.columns.iter().any(|one| one == column))
        {
            let name = key.name.as_deref().unwrap_or_default();
            let remedy = self.alter(dialect, &format!("DROP FOREIGN KEY {}", quote(name, dialect)));
            found.push(Dependent::new("foreign key", name, Some(remedy)));
        }
        found.extend(self.dependent_expressions(column, platform));
        found.extend(self.dependent_triggers(column, dialect));
        found
    }

    /// Returns the objects that block a rename, or that the server would leave with the old name.
    pub(crate) fn dependents_of_renamed(
        &self,
        column: &str,
        platform: &Platform,
    ) -> Vec<Dependent> {
        let dialect = platform.dialect;
        let mut found = Vec::new();
        // MariaDB, PostgreSQL and SQLite rename the column in expressions.
        if platform.is_mysql() && !platform.is_mariadb() {
            let indexes =
                self.indexes.iter().filter(|index| index.depends_on_part(column, dialect));
            found.extend(indexes.map(|index| self.dependent_index(&index.name, dialect)));
            found.extend(self.dependent_expressions(column, platform));
        }
        // SQLite renames the column in triggers. PostgreSQL does not rename it in their functions.
        match dialect {
            Dialect::Sqlite => {}
            Dialect::Mysql => found.extend(self.dependent_triggers(column, dialect)),
            Dialect::Postgres => {
                let mut triggers = self.dependent_triggers(column, dialect);
                triggers.retain(|dependent| self.is_by_function(&dependent.object, column));
                found.extend(triggers);
            }
        }
        found
    }

    fn is_by_function(&self, object: &str, column: &str) -> bool {
        let is_meant = |name: &str| object.strip_prefix("trigger ") == Some(name);
        self.triggers.iter().filter(|trigger| is_meant(&trigger.name)).any(|trigger| {
            let function = trigger.function.as_deref();
            function.is_some_and(|text| mentions(text, column, Dialect::Postgres))
        })
    }

    /// Returns the CHECKs, generated columns and their indexes that depend on a column.
    ///
    /// The dependence may be indirect. A column from which others are computed comes after these.
    fn dependent_expressions(&self, column: &str, platform: &Platform) -> Vec<Dependent> {
        let dialect = platform.dialect;
        let computed = self.computed_from(column, dialect);
        let mut found = Vec::new();
        for check in &self.checks {
            let names = |column: &str| names_column(&check.expression, column, dialect);
            let is_in_the_way = |computed: &str| platform.is_mysql() && names(computed);
            if names(column) || computed.iter().any(|one| is_in_the_way(&one.name)) {
                let name = check.name.as_deref().unwrap_or_default();
                found.push(Dependent::new("CHECK", name, self.drop_check(name, platform)));
            }
        }
        if platform.is_mysql() {
            for index in &self.indexes {
                let names = |column: &str| index.depends_on_part(column, dialect);
                if !names(column) && computed.iter().any(|one| names(&one.name)) {
                    found.push(self.dependent_index(&index.name, dialect));
                }
            }
        }
        found.extend(computed.into_iter().rev().map(|one| self.dependent_column(one, dialect)));
        found
    }

    /// Returns the columns computed from a column, directly or not, each after its source.
    fn computed_from(&self, column: &str, dialect: Dialect) -> Vec<&Column> {
        let mut computed: Vec<&Column> = Vec::new();
        let mut pending = vec![column];
        while let Some(source) = pending.pop() {
            for other in &self.columns {
                let is_new =
                    other.name != column && !computed.iter().any(|known| known.name == other.name);
                let text = other.generated.as_ref().map(|generated| &generated.expression);
                if is_new && text.is_some_and(|text| names_column(text, source, dialect)) {
                    computed.push(other);
                    pending.push(&other.name);
                }
            }
        }
        computed
    }

    fn dependent_column(&self, column: &Column, dialect: Dialect) -> Dependent {
        let drop = format!("DROP COLUMN {}", quote(&column.name, dialect));
        Dependent::new("generated column", &column.name, Some(self.alter(dialect, &drop)))
    }

    /// Returns the stored generated columns that depend on a column, directly or not.
    pub(crate) fn stored_dependents(&self, column: &str, dialect: Dialect) -> Vec<Dependent> {
        let computed = self.computed_from(column, dialect).into_iter().rev();
        let stored = computed.filter(|one| one.generated.as_ref().is_some_and(|it| it.stored));
        stored.map(|one| self.dependent_column(one, dialect)).collect()
    }

    fn dependent_triggers(&self, column: &str, dialect: Dialect) -> Vec<Dependent> {
        let names = |text: &str| mentions(text, column, dialect);
        let triggers = self.triggers.iter().filter(|trigger| {
            names(&trigger.definition) || trigger.function.as_deref().is_some_and(names)
        });
        triggers
            .map(|trigger| {
                let on = match dialect {
                    Dialect::Postgres => format!(" ON {}", quote(&self.name, dialect)),
                    Dialect::Sqlite | Dialect::Mysql => String::new(),
                };
                let remedy = format!("DROP TRIGGER {}{on}", quote(&trigger.name, dialect));
                Dependent::new("trigger", &trigger.name, Some(remedy))
            })
            .collect()
    }

    fn dependent_index(&self, name: &str, dialect: Dialect) -> Dependent {
        let on = match dialect {
            Dialect::Mysql => format!(" ON {}", quote(&self.name, dialect)),
            Dialect::Sqlite | Dialect::Postgres => String::new(),
        };
        Dependent::new("index", name, Some(format!("DROP INDEX {}{on}", quote(name, dialect))))
    }

    /// Returns the statement that drops a CHECK, if one exists.
    ///
    /// SQLite has no such statement. MariaDB drops a column's own CHECK when the column is
    /// redefined without it.
    fn drop_check(&self, name: &str, platform: &Platform) -> Option<String> {
        let dialect = platform.dialect;
        let quoted = quote(name, dialect);
        let own = self.find_column(name).filter(|_| platform.is_mariadb());
        match (dialect, own) {
            (Dialect::Sqlite, _) => None,
            (_, Some(column)) => {
                let mut definition = format!("{quoted} {}", column.column_type.sql(dialect));
                if !column.nullable {
                    definition += " NOT NULL";
                }
                if let Some(default) = &column.default {
                    definition += &match default {
                        DefaultValue::Expression(text) => format!(" DEFAULT ({text})"),
                        other => format!(" DEFAULT {}", other.sql(dialect)),
                    };
                }
                Some(self.alter(dialect, &format!("MODIFY COLUMN {definition}")))
            }
            (Dialect::Mysql, None) if !platform.is_mariadb() => {
                Some(self.alter(dialect, &format!("DROP CHECK {quoted}")))
            }
            (_, None) => Some(self.alter(dialect, &format!("DROP CONSTRAINT {quoted}"))),
        }
    }

    fn alter(&self, dialect: Dialect, clause: &str) -> String {
        format!("ALTER TABLE {} {clause}", quote(&self.name, dialect))
    }
}

/// Quotes a name as an identifier.
pub(crate) fn quote(name: &str, dialect: Dialect) -> String {
    let quote = if dialect == Dialect::Mysql { '`' } else { '"' };
    let doubled = quote.to_string().repeat(2);
    format!("{quote}{}{quote}", name.replace(quote, &doubled))
}

#[cfg(test)]
mod tests {
    use super::super::{Check, Column, ColumnType, Generated, Index, Table, integer, json};
    use crate::schema::platform::Platform;

    fn computed(name: &str, expression: &str) -> Column {
        let generated = Generated { expression: expression.to_owned(), stored: false };
        Column { generated: Some(generated), ..Column::new(name, ColumnType::Text) }
    }

    fn check(name: &str, expression: &str) -> Check {
        Check::new(Some(name), expression)
    }

    /// Returns a table with everything that can depend on a column, except triggers.
    fn table() -> Table {
        let mut table = Table::new("t")
            .column(integer("id"))
            .column(json("gone"))
            .index(Index::new("own", &["gone"]))
            .index(Index::new("both", &["id", "gone"]))
            .index(Index::new("expression", &["lower(gone)"]))
            .index(Index::new("partial", &["id"]).filter("gone IS NOT NULL"))
            .index(Index::new("including", &["id"]).include(&["gone"]))
            .index(Index::new("other", &["id"]).filter("id <> 'gone'"));
        table.checks.push(check("single", "gone <> ''"));
        table.checks.push(check("several", "gone <> '' OR id > 1"));
        table.checks.push(check("gone", "gone <> '' OR id > 2"));
        table.checks.push(check("other", "id > 1"));
        table
    }

    fn left(platform: &Platform) -> Vec<String> {
        let mut table = table();
        table.drop_with_column("gone", platform);
        table.columns.retain(|column| column.name != "gone");
        let indexes = table.indexes.iter().map(|index| index.name.clone());
        indexes.chain(table.checks.iter().filter_map(|check| check.name.clone())).collect()
    }

    #[test]
    fn what_goes_with_a_column() {
        for platform in [Platform::POSTGRES, Platform::SQLITE] {
            assert_eq!(left(&platform), ["other", "other"]);
        }
        let kept = ["both", "expression", "partial", "including", "other"];
        assert_eq!(left(&Platform::MYSQL_8), [&kept[..], &["several", "gone", "other"]].concat());
        assert_eq!(left(&Platform::MARIADB), [&kept[..], &["several", "other"]].concat());
    }

    #[test]
    fn what_is_left_is_told_with_its_statement() {
        let mut table = table();
        table.columns.push(computed("first", "upper(gone)"));
        table.columns.push(computed("second", "concat(`First`, 'gone')"));
        table.drop_with_column("gone", &Platform::MYSQL_8);
        table.columns.retain(|column| column.name != "gone");
        table.indexes.retain(|index| index.name == "expression");
        table.checks.retain(|check| check.name.as_deref() == Some("several"));
        let found = table.dependents_of_dropped("gone", &Platform::MYSQL_8);
        let remedies: Vec<&str> = found.iter().filter_map(|it| it.remedy.as_deref()).collect();
        assert_eq!(
            remedies,
            [
                "DROP INDEX `expression` ON `t`",
                "ALTER TABLE `t` DROP CHECK `several`",
                "ALTER TABLE `t` DROP COLUMN `second`",
                "ALTER TABLE `t` DROP COLUMN `first`",
            ]
        );
    }
}
