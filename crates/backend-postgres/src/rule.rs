//! What a changed table asks of the rows that are there, as SQL that counts those that fall short.

use mlflow_migrate_core::schema::{Check, Column, ColumnType, ForeignKey, Index, Table};

use crate::render::{column_list, parenthesised, quote_identifier};

/// A constraint, and how the rows that it would refuse are counted.
#[derive(Debug, PartialEq)]
pub(crate) struct Rule {
    /// The constraint, in words.
    pub(crate) constraint: String,
    /// An expression over the table's rows, or, for a rule about several of them, a statement.
    pub(crate) count: String,
}

/// A table before and after a change, and as it was found before the first of all.
#[derive(Clone, Copy)]
pub(crate) struct Tables<'a> {
    pub(crate) before: &'a Table,
    pub(crate) after: &'a Table,
    pub(crate) found: &'a Table,
}

impl<'a> Tables<'a> {
    /// NOT NULL, CHECK, and shorter texts: what a row shows by itself.
    pub(crate) fn rules_of_rows(self) -> Vec<Rule> {
        let must_be_there = |table: &Table, name: &String| {
            table.find_column(name).is_some_and(|column| !column.nullable)
                || table.key_columns().contains(name)
        };
        let tightened = self.found.columns.iter().filter(|old| {
            old.nullable
                && must_be_there(self.after, &old.name)
                && !must_be_there(self.before, &old.name)
        });
        let not_null = tightened.map(|column| Rule {
            constraint: format!("NOT NULL of {}", column.name),
            count: format!("count(*) FILTER (WHERE {} IS NULL)", quote_identifier(&column.name)),
        });
        let known = self.found.checks.iter().chain(&self.before.checks);
        let known: Vec<String> = known.map(Check::normalized).collect();
        let new = self.after.checks.iter().filter(|check| {
            !known.contains(&check.normalized()) && self.is_checkable(&check.expression)
        });
        let checks = new.map(|check| Rule {
            constraint: format!("CHECK ({})", check.expression),
            count: format!("count(*) FILTER (WHERE NOT {})", parenthesised(&check.expression)),
        });
        not_null.chain(checks).chain(self.shortened()).collect()
    }

    /// Texts that get a shorter type. Spaces at the end do not count: storing cuts them.
    fn shortened(self) -> impl Iterator<Item = Rule> {
        let shorter = |column: &'a Column| {
            let known = self.before.find_column(&column.name)?;
            self.found.find_column(&column.name)?;
            match (&known.column_type, &column.column_type) {
                (ColumnType::Varchar(old), ColumnType::Varchar(new)) if new >= old => None,
                (ColumnType::Varchar(_) | ColumnType::Text, ColumnType::Varchar(length)) => {
                    Some((&column.name, *length))
                }
                _ => None,
            }
        };
        self.after.columns.iter().filter_map(shorter).map(|(name, length)| Rule {
            constraint: format!("VARCHAR({length}) of {name}"),
            count: format!(
                "count(*) FILTER (WHERE char_length(rtrim({}, ' ')) > {length})",
                quote_identifier(name)
            ),
        })
    }

    /// Whether a column is still to come: it has the same value in every row then.
    fn is_new(self, column: &str) -> bool {
        is_new(column, self.found, self.after)
    }

    /// Whether an expression names no column that is still to come.
    fn is_checkable(self, expression: &str) -> bool {
        let outside_strings: String = expression.split('\'').step_by(2).collect();
        let mut words = outside_strings.split(|one: char| !one.is_alphanumeric() && one != '_');
        !words.any(|word| self.after.find_column(word).is_some() && !self.is_there(word))
    }

    fn is_there(self, column: &str) -> bool {
        self.found.find_column(column).is_some()
    }

    /// Keys whose columns do not include those of a key that is there already. New columns
    /// distinguish nothing.
    pub(crate) fn rules_of_keys(self) -> Vec<Rule> {
        let (known, before) = (unique_keys(self.found), unique_keys(self.before));
        let rule = |(constraint, mut columns): (String, Vec<String>)| {
            columns.retain(|column| !self.is_new(column));
            let is_implied =
                known.iter().any(|(_, unique)| unique.iter().all(|it| columns.contains(it)));
            if is_implied || columns.is_empty() || !columns.iter().all(|it| self.is_there(it)) {
                return None;
            }
            let (table, columns) = (quote_identifier(&self.found.name), column_list(&columns));
            let count = format!(
                "SELECT coalesce(sum(n), 0)::int8 FROM (SELECT count(*) AS n FROM {table} \
                 WHERE ROW({columns}) IS NOT NULL GROUP BY {columns} HAVING count(*) > 1) AS d"
            );
            Some(Rule { constraint, count })
        };
        let new = unique_keys(self.after).into_iter().filter(|key| !before.contains(key));
        new.filter_map(rule).collect()
    }

    /// References that are not there yet, to tables that `live` gives. A pair of columns that are
    /// both new has the same value on either side.
    pub(crate) fn rules_of_references(self, live: impl Fn(&str) -> Option<&'a Table>) -> Vec<Rule> {
        let known = &self.before.foreign_keys;
        let new = self.after.foreign_keys.iter().filter(|key| !known.contains(key));
        let rule = |key: &ForeignKey| {
            let referred = live(&key.referred_table)?;
            let mut pairs: Vec<(&String, &String)> =
                key.columns.iter().zip(&key.referred_columns).collect();
            pairs.retain(|(column, other)| {
                self.is_there(column) || referred.find_column(other).is_some()
            });
            let are_there = pairs.iter().all(|(column, other)| {
                self.is_there(column) && referred.find_column(other).is_some()
            });
            if pairs.is_empty() || !are_there || self.has_reference(&pairs, &key.referred_table) {
                return None;
            }
            let name = key.name.as_deref().unwrap_or_default();
            Some(Rule {
                constraint: format!("foreign key {name} to {}", key.referred_table),
                count: orphans(&self.found.name, &key.referred_table, &pairs),
            })
        };
        new.filter_map(rule).collect()
    }

    fn has_reference(self, pairs: &[(&String, &String)], referred_table: &str) -> bool {
        self.found.foreign_keys.iter().any(|known| {
            known.referred_table == referred_table
                && known.columns.iter().zip(&known.referred_columns).eq(pairs.iter().copied())
        })
    }
}

fn is_new(column: &str, found: &Table, after: &Table) -> bool {
    let renamed = |it: &Column| it.live_name() != it.name;
    found.find_column(column).is_none()
        && after.find_column(column).is_some_and(|column| !renamed(column))
}

/// Whatever forbids that two rows agree in these columns.
fn unique_keys(table: &Table) -> Vec<(String, Vec<String>)> {
    let named = |kind: &str, name: Option<&str>| match name {
        Some(name) => format!("{kind} {name}"),
        None => kind.to_owned(),
    };
    let primary = table
        .primary_key
        .iter()
        .map(|key| (named("primary key", key.name.as_deref()), key.columns.clone()));
    let uniques = table
        .uniques
        .iter()
        .map(|unique| (named("unique key", unique.name.as_deref()), unique.columns.clone()));
    let is_whole =
        |index: &&Index| index.unique && index.predicate.is_none() && index.definition.is_none();
    let indexes = table.indexes.iter().filter(is_whole).map(|index| {
        let columns = index.column_names().map(ToOwned::to_owned).collect();
        (named("unique index", Some(&index.name)), columns)
    });
    primary.chain(uniques).chain(indexes).collect()
}

fn orphans(table: &str, referred_table: &str, pairs: &[(&String, &String)]) -> String {
    let pair = |(column, other): &(&String, &String)| {
        format!("p.{} = c.{}", quote_identifier(other), quote_identifier(column))
    };
    let is_parent: Vec<String> = pairs.iter().map(pair).collect();
    let is_reference: Vec<String> = pairs
        .iter()
        .map(|(column, _)| format!("c.{} IS NOT NULL", quote_identifier(column)))
        .collect();
    format!(
        "SELECT count(*) FROM {} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
        quote_identifier(table),
        is_reference.join(" AND "),
        quote_identifier(referred_table),
        is_parent.join(" AND ")
    )
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::{ForeignKey, Index, Table, integer, varchar};

    use super::{Rule, Tables};

    fn models() -> Table {
        Table::new("models").column(varchar("name", 9).not_null()).primary_key("pk", &["name"])
    }

    fn versions() -> Table {
        Table::new("versions")
            .column(varchar("name", 9).not_null())
            .column(integer("version"))
            .column(varchar("stage", 20))
            .unique_named("one", &["name", "version"])
            .check("old", "version > 0")
    }

    fn workspace() -> mlflow_migrate_core::schema::Column {
        varchar("workspace", 9).server_default("default").not_null()
    }

    fn all_rules(before: &Table, after: &Table, referred: Option<&Table>) -> Vec<Rule> {
        let tables = Tables { before, after, found: before };
        let mut rules = tables.rules_of_rows();
        rules.extend(tables.rules_of_keys());
        rules.extend(
            tables.rules_of_references(|name| referred.filter(|referred| referred.name == name)),
        );
        rules
    }

    fn shown(rules: &[Rule]) -> String {
        rules.iter().map(|rule| format!("{}\n  {}\n", rule.constraint, rule.count)).collect()
    }

    #[test]
    fn a_table_that_stays_asks_for_nothing() {
        assert_eq!(all_rules(&versions(), &versions(), None), []);
    }

    #[test]
    fn everything_that_rows_may_lack() {
        let before = versions();
        let models = models();
        let after = Table::new("versions")
            .column(varchar("name", 9).not_null())
            .column(integer("version").not_null())
            .column(varchar("stage", 5))
            .primary_key("versions_pk", &["version"])
            .check("old", "(version) > 0")
            .check("new", "stage IN ('a', 'b') -- or none")
            .index(Index::new("by_stage", &["stage"]).unique())
            .foreign_key(ForeignKey::new(&["name"], "models", &["name"]).named("fk"));
        insta::assert_snapshot!(shown(&all_rules(&before, &after, Some(&models))));
    }

    #[test]
    fn a_wider_key_and_new_columns_ask_for_nothing() {
        let before = versions().foreign_key(ForeignKey::new(&["name"], "models", &["name"]));
        let models = models();
        let mut after = before
            .clone()
            .column(workspace())
            .unique_named("wider", &["workspace", "name", "version"])
            .check("of_new", "workspace <> ''");
        after.foreign_keys =
            vec![ForeignKey::new(&["workspace", "name"], "models", &["workspace", "name"])];
        assert_eq!(all_rules(&before, &after, Some(&models)), []);
    }

    #[test]
    fn a_reference_is_checked_by_the_columns_that_are_there() {
        let before = versions();
        let models = models();
        let after = before.clone().column(workspace()).foreign_key(
            ForeignKey::new(&["workspace", "name"], "models", &["workspace", "name"]).named("fk"),
        );
        insta::assert_snapshot!(
            shown(&all_rules(&before, &after, Some(&models))),
            @r#"
        foreign key fk to models
          SELECT count(*) FROM "versions" AS c WHERE c."name" IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "models" AS p WHERE p."name" = c."name")
        "#
        );
        assert_eq!(all_rules(&before, &after, None), []);
    }
}
