//! Reads a table from its text in `sqlite_schema`.

use mlflow_migrate_core::schema::platform::Dialect::Sqlite;
use mlflow_migrate_core::schema::{
    Check, Column, ColumnType, DefaultValue, ForeignKey, Generated, PrimaryKey, ReferentialAction,
    Table, TableOptions, Unique,
};

use crate::ddl;

/// Returns the model of a table.
///
/// For a text that cannot be read, the model holds only the table's name and the reason.
#[must_use]
pub fn read_table(name: &str, sql: &str) -> Table {
    match ddl::CreateTable::parse(sql) {
        Ok(parsed) => TableReader::default().read(parsed),
        Err(error) => Table {
            inexpressible: vec![format!("a definition that cannot be read ({error})")],
            ..Table::new(name)
        },
    }
}

/// Collects the constraints at the columns and those after them into one model.
#[derive(Default)]
struct TableReader {
    table: Table,
}

impl TableReader {
    fn read(mut self, parsed: ddl::CreateTable) -> Table {
        self.table.name = parsed.name;
        self.table.options = TableOptions {
            without_rowid: parsed.without_rowid,
            strict: parsed.strict,
            autoincrement: false,
        };
        for column in parsed.columns {
            self.column(column);
        }
        for constraint in parsed.constraints {
            match constraint {
                ddl::TableConstraint::PrimaryKey(key) => self.primary_key(key),
                ddl::TableConstraint::Unique(unique) => self.unique(unique),
                ddl::TableConstraint::Check(check) => self.check(check),
                ddl::TableConstraint::ForeignKey(key) => self.foreign_key(key),
            }
        }
        self.table
    }

    fn column(&mut self, parsed: ddl::ColumnDefinition) {
        if parsed.not_null.as_ref().is_some_and(|constraint| constraint.on_conflict.is_some()) {
            self.inexpressible("NOT NULL ON CONFLICT");
        }
        self.table.columns.push(Column {
            column_type: column_type(parsed.declared_type.as_deref().unwrap_or_default()),
            nullable: parsed.not_null.is_none(),
            default: parsed
                .default
                .map(|default| DefaultValue::Expression(default.expression().into_owned())),
            generated: parsed.generated.map(|generated| Generated {
                expression: generated.expression,
                stored: generated.stored,
            }),
            collation: parsed.collation,
            ..Column::new(parsed.name, ColumnType::Text)
        });
        parsed.primary_key.into_iter().for_each(|key| self.primary_key(key));
        parsed.unique.into_iter().for_each(|unique| self.unique(unique));
        parsed.checks.into_iter().for_each(|check| self.check(check));
        parsed.references.into_iter().for_each(|key| self.foreign_key(key));
    }

    fn primary_key(&mut self, key: ddl::PrimaryKey) {
        if key.on_conflict.is_some() {
            self.inexpressible("PRIMARY KEY ON CONFLICT");
        }
        self.table.options.autoincrement = key.autoincrement;
        let columns = self.key_columns(key.columns);
        self.table.primary_key = Some(PrimaryKey { name: key.name, columns });
    }

    fn unique(&mut self, unique: ddl::Unique) {
        if unique.on_conflict.is_some() {
            self.inexpressible("UNIQUE ON CONFLICT");
        }
        let columns = self.key_columns(unique.columns);
        self.table.uniques.push(Unique { name: unique.name, columns });
    }

    fn key_columns(&mut self, columns: Vec<ddl::IndexedColumn>) -> Vec<String> {
        if columns.iter().any(|column| column.descending || column.collation.is_some()) {
            self.inexpressible("a key with an order or collation of its own");
        }
        columns.into_iter().map(|column| column.name).collect()
    }

    fn check(&mut self, check: ddl::Check) {
        self.table.checks.push(Check::new(check.name.as_deref(), check.expression));
    }

    fn foreign_key(&mut self, key: ddl::ForeignKey) {
        let matching = key.match_name.map(|name| format!("MATCH {name}"));
        let deferrable = key.deferrable.map(|clause| {
            let initially = match clause.initially {
                Some(ddl::InitialCheck::Deferred) => " INITIALLY DEFERRED",
                Some(ddl::InitialCheck::Immediate) => " INITIALLY IMMEDIATE",
                None => "",
            };
            format!("{}DEFERRABLE{initially}", if clause.deferrable { "" } else { "NOT " })
        });
        let qualifiers: Vec<String> = matching.into_iter().chain(deferrable).collect();
        self.table.foreign_keys.push(ForeignKey {
            name: key.name,
            columns: key.columns,
            referred_table: key.referred_table,
            referred_columns: key.referred_columns,
            on_delete: action(key.on_delete),
            on_update: action(key.on_update),
            qualifiers: (!qualifiers.is_empty()).then(|| qualifiers.join(" ")),
            inactive: None,
        });
    }

    fn inexpressible(&mut self, what: &str) {
        self.table.inexpressible.push(what.to_owned());
    }
}

fn action(parsed: Option<ddl::ReferentialAction>) -> ReferentialAction {
    match parsed {
        Some(ddl::ReferentialAction::Cascade) => ReferentialAction::Cascade,
        Some(ddl::ReferentialAction::SetNull) => ReferentialAction::SetNull,
        Some(ddl::ReferentialAction::SetDefault) => ReferentialAction::SetDefault,
        Some(ddl::ReferentialAction::Restrict) => ReferentialAction::Restrict,
        Some(ddl::ReferentialAction::NoAction) | None => ReferentialAction::NoAction,
    }
}

/// Returns the type that SQLAlchemy declares like this, or the text of any other type.
fn column_type(declared: &str) -> ColumnType {
    let length = declared
        .strip_prefix("VARCHAR(")
        .and_then(|rest| rest.strip_suffix(')'))
        .and_then(|length| length.parse().ok());
    let known = [
        ColumnType::Text,
        ColumnType::Integer,
        ColumnType::BigInteger,
        ColumnType::Float,
        ColumnType::Boolean,
        ColumnType::Json,
        ColumnType::Binary,
        ColumnType::Date,
    ];
    let named = || known.into_iter().find(|known| known.sql(Sqlite) == declared);
    length
        .map(ColumnType::Varchar)
        .filter(|column_type| column_type.sql(Sqlite) == declared)
        .or_else(named)
        .unwrap_or_else(|| ColumnType::Other(declared.to_owned()))
}
