//! Turns catalog rows into tables.

use std::collections::BTreeMap;

use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::schema::{
    Check, Column, ForeignKey, Generated, Index, IndexColumn, PrimaryKey, ReferentialAction, Table,
    Trigger, Unique,
};
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::expression::{column_type, condition, default_value};

/// Collects the rows of the queries. Each row begins with its table's name.
#[derive(Default)]
pub(super) struct Reader {
    pub(super) tables: BTreeMap<String, Table>,
}

impl Reader {
    pub(super) fn read(
        &mut self,
        rows: &[PgRow],
        take: fn(&mut Self, &PgRow) -> sqlx::Result<()>,
    ) -> sqlx::Result<()> {
        rows.iter().try_for_each(|row| take(self, row))
    }

    pub(super) fn table(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let name: String = row.try_get(0)?;
        if GraphName::has_version_table(&name) {
            return Ok(());
        }
        let mut table = Table::new(&name);
        let is_partition: bool = row.try_get(2)?;
        table.inexpressible.extend(match row.try_get::<String, _>(1)?.as_str() {
            "f" => Some("its rows on another server".to_owned()),
            _ if is_partition => Some("another table that it is a partition of".to_owned()),
            _ => None,
        });
        table.follows = row.try_get(3)?;
        self.tables.insert(name, table);
        Ok(())
    }

    fn owner(&mut self, row: &PgRow) -> sqlx::Result<Option<&mut Table>> {
        Ok(self.tables.get_mut(&row.try_get::<String, _>(0)?))
    }

    pub(super) fn column(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let shown: Option<String> = row.try_get(4)?;
        let identity: String = row.try_get(5)?;
        let generated: String = row.try_get(6)?;
        // Whether the default takes its value from a sequence, which need not be the column's own.
        let is_serial: bool = row.try_get(8)?;
        let mut column =
            Column::new(row.try_get::<String, _>(1)?, column_type(row.try_get::<&str, _>(2)?));
        column.nullable = !row.try_get::<bool, _>(3)?;
        column.collation = row.try_get(7)?;
        column.identity = !identity.is_empty();
        column.autoincrement = column.identity || is_serial;
        if generated.is_empty() {
            let default = shown.filter(|_| !is_serial);
            column.default = default.as_deref().map(default_value);
        } else {
            column.generated =
                shown.map(|expression| Generated { expression, stored: generated == "s" });
        }
        table.columns.push(column);
        Ok(())
    }

    pub(super) fn constraint(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let name: Option<String> = row.try_get(1)?;
        let columns: Vec<String> = row.try_get(3)?;
        match row.try_get::<&str, _>(2)? {
            "p" => table.primary_key = Some(PrimaryKey { name, columns }),
            "u" => table.uniques.push(Unique { name, columns }),
            "c" => {
                let shown: String = row.try_get(9)?;
                let inactive = row.try_get(10)?;
                table.checks.push(Check { name, expression: condition(&shown), inactive });
            }
            _ => {
                let qualifiers: String = row.try_get(8)?;
                table.foreign_keys.push(ForeignKey {
                    name,
                    columns,
                    referred_table: row.try_get(4)?,
                    referred_columns: row.try_get(5)?,
                    on_delete: action(row.try_get(6)?),
                    on_update: action(row.try_get(7)?),
                    qualifiers: (!qualifiers.is_empty()).then_some(qualifiers),
                    inactive: row.try_get(10)?,
                });
            }
        }
        Ok(())
    }

    pub(super) fn index(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let names: Vec<String> = row.try_get(3)?;
        let descending: Vec<bool> = row.try_get(4)?;
        let definition: String = row.try_get(7)?;
        let is_plain: Option<bool> = row.try_get(8)?;
        let columns = names.into_iter().zip(descending);
        table.indexes.push(Index {
            name: row.try_get(1)?,
            unique: row.try_get(2)?,
            columns: columns
                .map(|(name, descending)| IndexColumn { name, descending, prefix_length: None })
                .collect(),
            include: row.try_get(5)?,
            predicate: row.try_get(6)?,
            definition: (is_plain != Some(true)).then_some(definition),
            automatic: false,
            inactive: row.try_get(9)?,
        });
        Ok(())
    }

    pub(super) fn trigger(&mut self, row: &PgRow) -> sqlx::Result<()> {
        let Some(table) = self.owner(row)? else { return Ok(()) };
        let function: Option<String> = row.try_get(3)?;
        table.triggers.push(Trigger {
            name: row.try_get(1)?,
            definition: row.try_get(2)?,
            function: function.map(|text| with_plain_quotes(&text)),
            inactive: row.try_get(4)?,
        });
        Ok(())
    }
}

/// Replaces the quotes `$function$`, which the server writes around a body, with `$$`.
fn with_plain_quotes(function: &str) -> String {
    if function.contains("$$") {
        return function.to_owned();
    }
    function.replace("$function$", "$$")
}

fn action(code: &str) -> ReferentialAction {
    match code {
        "r" => ReferentialAction::Restrict,
        "c" => ReferentialAction::Cascade,
        "n" => ReferentialAction::SetNull,
        "d" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}
