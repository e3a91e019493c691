//! Refuses keys and rows that are too long for the server.
//!
//! The limit of a key depends on the row format of its table. The length of a key depends on the
//! character sets of its columns. The server would report such a key only when it adds the key.

use std::collections::BTreeMap;

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, TableChange};
use mlflow_migrate_core::schema::{Column, ColumnType, Schema, Table};

use crate::connection::Connection;
use crate::database::Mysql;
use crate::error::LIMIT_REMEDY;
use crate::features::Features;
use crate::quoting::quote;
use crate::text_protocol::{self, TextRow};

/// The most bytes of a row, without texts and blobs (MySQL manual, "Row Size Limits").
const MAX_ROW: u64 = 65_535;

/// The facts on which the server's limits depend.
struct Server {
    /// The longest character of each character set, in bytes.
    widths: BTreeMap<String, u64>,
    /// The row format of each table that exists.
    row_formats: BTreeMap<String, String>,
    default_row_format: String,
    has_large_prefixes: bool,
    /// The limit of a whole key in bytes: 3072 with pages of 16 KB and more.
    max_key: u64,
}

/// A key's description, and how many bytes of each column it holds.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    name: String,
    parts: Vec<(String, u64)>,
    /// Whether the key is only an index: neither unique nor a foreign key.
    is_plain: bool,
}

pub(super) async fn check(database: &mut Mysql, plan: &Plan) -> Result<(), Error> {
    let server = Server::read(&mut database.connection, &database.features).await;
    let server = server.map_err(|source| database.context.error("reading the limits", source))?;
    for change in plan.changes() {
        let after = &change.after;
        let known = change.before.as_ref().map(|before| server.keys(before, &plan.result));
        let known = known.unwrap_or_default();
        let keys = server.keys(after, &plan.result);
        let new = keys.iter().filter(|key| !known.iter().any(|one| one.parts == key.parts));
        let problem = new
            .filter_map(|key| server.too_long(after, key, &database.features))
            .next()
            .or_else(|| server.too_wide(after, &plan.result));
        if let Some(problem) = problem {
            return Err(Error::ServerLimit {
                name: database.context.name.clone(),
                problem: format!("{problem} (for {})", change.revisions.join(", ")),
                remedy: format!(
                    "the database is unchanged; {}",
                    server.remedy(&after.name, change)
                )
                .into(),
            });
        }
    }
    Ok(())
}

impl Server {
    async fn read(connection: &mut Connection, features: &Features) -> Result<Self, sqlx::Error> {
        let pairs = |rows: Vec<TextRow>| -> BTreeMap<String, String> {
            let pair = |row: TextRow| {
                let mut cells = row.into_iter().flatten();
                Some((cells.next()?.to_lowercase(), cells.next()?))
            };
            rows.into_iter().filter_map(pair).collect()
        };
        let widths = "SELECT CHARACTER_SET_NAME, MAXLEN FROM information_schema.CHARACTER_SETS";
        let formats = "SELECT TABLE_NAME, ROW_FORMAT FROM information_schema.TABLES \
                       WHERE TABLE_SCHEMA = DATABASE()";
        let variables = "SHOW GLOBAL VARIABLES WHERE Variable_name IN \
                         ('innodb_large_prefix', 'innodb_default_row_format', 'innodb_page_size')";
        let widths = pairs(text_protocol::rows(connection, widths).await?);
        let row_formats = pairs(text_protocol::rows(connection, formats).await?);
        let variables = pairs(text_protocol::rows(connection, variables).await?);
        let variable = |name: &str| variables.get(name).map(String::as_str);
        Ok(Self {
            widths: widths
                .into_iter()
                .filter_map(|(name, width)| Some((name, width.parse().ok()?)))
                .collect(),
            row_formats,
            default_row_format: variable("innodb_default_row_format").unwrap_or("compact").into(),
            has_large_prefixes: match variable("innodb_large_prefix") {
                Some(value) => value == "ON",
                None => features.large_index_prefix(),
            },
            max_key: match variable("innodb_page_size") {
                Some("4096") => 768,
                Some("8192") => 1536,
                _ => 3072,
            },
        })
    }

    /// Returns the limit of one column of a key, in bytes.
    fn max_part(&self, table: &str) -> u64 {
        let format = self.row_formats.get(&table.to_lowercase());
        let format = format.unwrap_or(&self.default_row_format).to_lowercase();
        let is_large = matches!(format.as_str(), "dynamic" | "compressed");
        if is_large && self.has_large_prefixes { self.max_key } else { self.max_key.min(767) }
    }

    /// Returns the remedy for a key or a row that is too long.
    fn remedy(&self, table: &str, change: &TableChange) -> String {
        if self.max_part(table) == self.max_key {
            return "if the key is your own, drop it, and make it again after the upgrade with a prefix \
                    length"
                .to_owned();
        }
        if !self.has_large_prefixes {
            return LIMIT_REMEDY.to_owned();
        }
        // The server could hold the key in another row format.
        if change.before.is_some() {
            format!("run `ALTER TABLE {} ROW_FORMAT=DYNAMIC`", quote(table))
        } else {
            "let an administrator run `SET GLOBAL innodb_default_row_format = DYNAMIC`, which new tables \
             get"
                .to_owned()
        }
    }

    fn too_long(&self, table: &Table, key: &Key, features: &Features) -> Option<String> {
        let max = self.max_part(&table.name);
        let place = format!("table {}, {}", table.name, key.name);
        let server = if features.is_mariadb() { "MariaDB" } else { "MySQL" };
        let is_shortened = key.is_plain && features.shortens_long_indexes();
        let too_long = key.parts.iter().find(|(_, bytes)| *bytes > max && !is_shortened);
        if let Some((column, bytes)) = too_long {
            return Some(format!(
                "{place}: column {column} takes {bytes} bytes, and this {server} takes {max}"
            ));
        }
        let sum: u64 = key.parts.iter().map(|(_, bytes)| *bytes.min(&max)).sum();
        (sum > self.max_key)
            .then(|| format!("{place} takes {sum} bytes, and this {server} takes {}", self.max_key))
    }

    fn too_wide(&self, table: &Table, schema: &Schema) -> Option<String> {
        let size = |column: &Column| match column.column_type {
            ColumnType::Varchar(_) => {
                let bytes = self.bytes(table, column, schema);
                bytes + if bytes > 255 { 2 } else { 1 }
            }
            _ => self.bytes(table, column, schema),
        };
        let sum: u64 = table.columns.iter().map(size).sum();
        (sum > MAX_ROW).then(|| {
            format!("a row of table {} takes {sum} bytes, and MySQL takes {MAX_ROW}", table.name)
        })
    }

    fn keys(&self, table: &Table, schema: &Schema) -> Vec<Key> {
        let part = |name: &str, prefix: Option<u32>| {
            let column = table.find_column(name)?;
            let bytes = match prefix {
                Some(length) => u64::from(length) * self.width(table, column, schema),
                None => self.bytes(table, column, schema),
            };
            Some((name.to_owned(), bytes))
        };
        let whole = |columns: &[String]| -> Vec<(String, u64)> {
            columns.iter().filter_map(|column| part(column, None)).collect()
        };
        let mut keys = Vec::new();
        let mut push = |name, parts, is_plain| keys.push(Key { name, parts, is_plain });
        if let Some(key) = &table.primary_key {
            push("its primary key".to_owned(), whole(&key.columns), false);
        }
        for unique in &table.uniques {
            let name = unique.name.as_deref().unwrap_or("unnamed");
            push(format!("unique key {name}"), whole(&unique.columns), false);
        }
        for index in &table.indexes {
            let parts = index.columns.iter();
            let parts = parts.filter_map(|one| part(&one.name, one.prefix_length)).collect();
            push(format!("index {}", index.name), parts, !index.unique);
        }
        for key in &table.foreign_keys {
            let name = key.name.as_deref().unwrap_or("unnamed");
            push(format!("foreign key {name}"), whole(&key.columns), false);
        }
        keys
    }

    /// Returns the bytes of the longest value; for a text only what the row itself holds.
    fn bytes(&self, table: &Table, column: &Column, schema: &Schema) -> u64 {
        match column.column_type {
            ColumnType::Varchar(length) => u64::from(length) * self.width(table, column, schema),
            ColumnType::Integer | ColumnType::Float => 4,
            ColumnType::BigInteger | ColumnType::Double => 8,
            ColumnType::Boolean => 1,
            ColumnType::Date => 3,
            ColumnType::Text | ColumnType::Binary => 10,
            ColumnType::MediumText => 11,
            ColumnType::LongText | ColumnType::Json => 12,
            ColumnType::Other(_) => 0,
        }
    }

    /// Returns the bytes of the longest character of a column.
    fn width(&self, table: &Table, column: &Column, schema: &Schema) -> u64 {
        let own = column.collation.as_ref().or(table.collation.as_ref());
        let Some(collation) = own.or(schema.collation.as_ref()) else { return 4 };
        let character_set = collation.split('_').next().unwrap_or(collation);
        self.widths.get(character_set).copied().unwrap_or(4)
    }
}

#[cfg(test)]
mod tests {
    use mlflow_migrate_core::schema::{Index, Schema, Table, big_integer, text, varchar};

    use super::{BTreeMap, Features, Server, TableChange};

    fn server(has_large_prefixes: bool, row_format: &str) -> Server {
        let widths = [("latin1", 1), ("utf8", 3), ("utf8mb4", 4)];
        Server {
            widths: widths.map(|(name, width)| (name.to_owned(), width)).into(),
            row_formats: BTreeMap::from([("old".to_owned(), "Compact".to_owned())]),
            default_row_format: row_format.to_owned(),
            has_large_prefixes,
            max_key: 3072,
        }
    }

    fn schema(collation: &str) -> Schema {
        Schema { collation: Some(collation.to_owned()), ..Schema::default() }
    }

    fn problems(server: &Server, table: &Table, collation: &str) -> Vec<String> {
        let features = Features::parse("5.7.44").unwrap();
        let keys = server.keys(table, &schema(collation));
        keys.iter().filter_map(|key| server.too_long(table, key, &features)).collect()
    }

    #[test]
    fn a_column_of_255_characters_does_not_fit_everywhere() {
        let key = |name: &str| Table::new(name).column(varchar("a", 255)).primary_key("pk", &["a"]);
        for (large, format, table, collation, fits) in [
            (true, "dynamic", "new", "utf8mb4_general_ci", true),
            (false, "dynamic", "new", "utf8mb4_general_ci", false),
            (true, "compact", "new", "utf8mb4_general_ci", false),
            (true, "dynamic", "old", "utf8mb4_general_ci", false),
            (true, "dynamic", "old", "utf8_general_ci", true),
            (false, "compact", "new", "latin1_swedish_ci", true),
        ] {
            let found = problems(&server(large, format), &key(table), collation);
            assert_eq!(found.is_empty(), fits, "{table} {collation} {found:?}");
        }
    }

    #[test]
    fn what_helps_depends_on_what_the_server_could_hold() {
        let of_table = |name: &str, is_there: bool| TableChange {
            before: is_there.then(|| Table::new(name)),
            after: Table::new(name),
            revisions: Vec::new(),
        };
        for (large, format, table, is_there, expected) in [
            (true, "compact", "new", false, "SET GLOBAL innodb_default_row_format = DYNAMIC"),
            (true, "dynamic", "old", true, "ALTER TABLE `old` ROW_FORMAT=DYNAMIC"),
            (false, "compact", "new", false, "innodb_large_prefix=ON"),
            (true, "dynamic", "new", false, "if the key is your own"),
        ] {
            let remedy = server(large, format).remedy(table, &of_table(table, is_there));
            assert!(remedy.contains(expected), "{remedy}");
        }
    }

    #[test]
    fn mariadb_shortens_an_index_that_is_not_unique() {
        let table = Table::new("new").column(varchar("a", 5000)).index(Index::new("i", &["a"]));
        let (server, schema) = (server(true, "dynamic"), schema("utf8mb4_bin"));
        let keys = server.keys(&table, &schema);
        for (version, fits) in [("10.11.2-MariaDB", true), ("8.0.36", false)] {
            let features = Features::parse(version).unwrap();
            assert_eq!(server.too_long(&table, &keys[0], &features).is_none(), fits, "{version}");
        }
    }

    #[test]
    fn a_column_counts_with_its_own_collation_and_prefix() {
        let table = Table::new("new")
            .column(varchar("a", 500).collate("utf8mb4_bin"))
            .column(text("b"))
            .column(big_integer("c"))
            .index(Index::new("whole", &["c", "a"]))
            .index(Index::new("short", &["a", "b"]).prefix("a", 191).prefix("b", 767));
        let found = problems(&server(false, "compact"), &table, "latin1_swedish_ci");
        let expected =
            "table new, index whole: column a takes 2000 bytes, and this MySQL takes 767";
        assert_eq!(found, [expected]);
    }

    #[test]
    fn a_key_and_a_row_have_limits_as_a_whole() {
        let mut table = Table::new("new").primary_key("pk", &["a", "b"]);
        for name in ["a", "b"] {
            table = table.column(varchar(name, 400));
        }
        let server = server(true, "dynamic");
        let found = problems(&server, &table, "utf8mb4_bin");
        assert_eq!(
            found,
            ["table new, its primary key takes 3200 bytes, and this MySQL takes 3072"]
        );
        assert!(server.too_wide(&table, &schema("utf8mb4_bin")).is_none());
        table = table.column(varchar("c", 16_000));
        assert!(server.too_wide(&table, &schema("utf8mb4_bin")).is_some());
    }
}
