//! SQLite's view of a table, to compare with the parser's.

use rusqlite::Connection;

use crate::ddl::{
    ColumnDefinition, CreateTable, DdlError, ForeignKey, Generated, IndexedColumn, PrimaryKey,
    ReferentialAction,
};

/// Everything that SQLite's PRAGMAs report about a table.
///
/// Names that SQLite takes from another place than the parser are in lower case.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Description {
    columns: Vec<Column>,
    foreign_keys: Vec<Vec<[String; 5]>>,
    /// The primary key and the UNIQUE constraints, sorted.
    keys: Vec<Key>,
}

/// The columns of a key with their collations and whether they are descending.
type Key = Vec<(String, String, bool)>;

#[derive(Debug, PartialEq, Eq)]
struct Column {
    name: String,
    declared_type: String,
    not_null: bool,
    default: Option<String>,
    position_in_primary_key: i64,
    hidden: i64,
    collation: String,
}

/// Creates a table in a new database, and compares SQLite's description with the parser's.
///
/// The comparison covers the given text, the text that SQLite keeps, and a text made of the
/// parser's spans. Returns `Ok(None)` if SQLite rejects the statement.
pub(super) fn compare(sql: &str) -> Result<Option<CreateTable>, String> {
    let connection = Connection::open_in_memory().unwrap();
    if connection.execute_batch(sql).is_err() {
        return Ok(None);
    }
    let table = CreateTable::parse(sql).map_err(|error| format!("{error}\n{sql}"))?;
    let of_sqlite = observed(&connection, &table.name);
    let stored: String = connection
        .query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [&table.name], |row| row.get(0))
        .map_err(|error| format!("table {:?}: {error}\n{sql}", table.name))?;
    let of_stored = CreateTable::parse(&stored).map_err(|error| format!("{error}\n{stored}"))?;
    let rebuilt = rebuild(sql, &table);
    let other = Connection::open_in_memory().unwrap();
    other.execute_batch(&rebuilt).map_err(|error| format!("{error}\n{rebuilt}"))?;

    let descriptions = [
        ("parser", described(&table)),
        ("parser of the stored text", described(&of_stored)),
        ("SQLite of the rebuilt text", observed(&other, &table.name)),
    ];
    for (whose, description) in descriptions {
        if description != of_sqlite {
            return Err(format!("{sql}\n{whose}: {description:#?}\nSQLite: {of_sqlite:#?}"));
        }
    }
    Ok(Some(table))
}

/// Compares like [`compare`], for a statement that SQLite must accept.
pub(super) fn parse_like_sqlite(sql: &str) -> CreateTable {
    match compare(sql) {
        Ok(Some(table)) => table,
        Ok(None) => panic!("SQLite rejects the statement: {sql}"),
        Err(difference) => panic!("{difference}"),
    }
}

pub(super) fn sqlite_accepts(sql: &str) -> bool {
    Connection::open_in_memory().unwrap().execute_batch(sql).is_ok()
}

/// Returns whether the parser reads the statement. Formatting any error must not panic.
pub(super) fn parser_accepts(sql: &str) -> bool {
    CreateTable::parse(sql).inspect_err(|error: &DdlError| drop(error.to_string())).is_ok()
}

/// Reassembles the statement from the spans of its parts.
fn rebuild(sql: &str, table: &CreateTable) -> String {
    let columns = table.columns.iter().map(|column| column.span.clone());
    let constraints = table.constraints.iter().map(|constraint| constraint.span().clone());
    let parts: Vec<&str> = columns.chain(constraints).map(|span| &sql[span]).collect();
    assert_eq!(&sql[table.closing_parenthesis.clone()], ")");
    let name = &sql[table.name_span.clone()];
    let options = &sql[table.closing_parenthesis.end..];
    format!("CREATE TABLE {name}({}){options}", parts.join(","))
}

/// Returns the parser's view of the table, in SQLite's terms.
fn described(table: &CreateTable) -> Description {
    let key_columns = table.primary_key().map_or(&[][..], |key| &key.columns);
    let has_rowid_key = table.primary_key().is_some_and(|key| is_rowid_alias(table, key));
    let key_is_not_null = table.without_rowid || (table.strict && !has_rowid_key);
    let columns = table.columns.iter().map(|column| {
        let position =
            key_columns.iter().position(|key| key.name.eq_ignore_ascii_case(&column.name));
        Column {
            name: column.name.clone(),
            declared_type: column.declared_type.clone().unwrap_or_default(),
            not_null: column.not_null.is_some() || (position.is_some() && key_is_not_null),
            default: column.default.as_ref().map(|default| default.text.clone()),
            position_in_primary_key: position
                .map_or(0, |position| i64::try_from(position + 1).unwrap()),
            hidden: match column.generated {
                None => 0,
                Some(Generated { stored: false, .. }) => 2,
                Some(Generated { stored: true, .. }) => 3,
            },
            collation: own_collation(table, &column.name),
        }
    });
    Description {
        columns: columns.collect(),
        foreign_keys: table.foreign_keys().map(described_foreign_key).collect(),
        keys: described_keys(table),
    }
}

/// Returns the keys that have an index.
///
/// SQLite creates one index for two keys that differ only in their orders, with the orders of the
/// first.
fn described_keys(table: &CreateTable) -> Vec<Key> {
    let primary_key = table.primary_key().filter(|key| !is_rowid_alias(table, key));
    let primary_key = primary_key.map(|key| match described_key(table, &key.columns) {
        // Such a key starts as an alias of the rowid, which has no collation of its own, and
        // becomes an index after all others.
        mut integer if is_integer_key(table, key) => {
            integer[0].1 = own_collation(table, &key.columns[0].name);
            (usize::MAX, integer)
        }
        other => (key.span.start, other),
    });
    let unique = table
        .unique_constraints()
        .map(|unique| (unique.span.start, described_key(table, &unique.columns)));
    let mut in_order: Vec<_> = primary_key.into_iter().chain(unique).collect();
    in_order.sort_by_key(|(start, _)| *start);

    let mut keys: Vec<Key> = Vec::new();
    let without_order = |key: &Key| -> Vec<(String, String)> {
        key.iter().map(|(name, collation, _)| (name.clone(), collation.clone())).collect()
    };
    for (_, key) in in_order {
        if keys.iter().all(|other| without_order(other) != without_order(&key)) {
            keys.push(key);
        }
    }
    keys.sort();
    keys
}

/// Returns whether the key is the table's rowid, which has no index.
fn is_rowid_alias(table: &CreateTable, key: &PrimaryKey) -> bool {
    !table.without_rowid && is_integer_key(table, key)
}

/// Returns whether the key would be the table's rowid, if the table had one.
///
/// An order matters only at a column, not in a table constraint.
fn is_integer_key(table: &CreateTable, key: &PrimaryKey) -> bool {
    let [only] = key.columns.as_slice() else { return false };
    let column = column_named(table, &only.name);
    column.declared_type.as_deref() == Some("INTEGER")
        && !(column.primary_key.is_some() && only.descending)
}

fn described_key(table: &CreateTable, columns: &[IndexedColumn]) -> Key {
    let described = columns.iter().map(|column| {
        let collation = column.collation.as_deref().map(str::to_ascii_lowercase);
        (
            column.name.to_ascii_lowercase(),
            collation.unwrap_or_else(|| own_collation(table, &column.name)),
            column.descending,
        )
    });
    described.collect()
}

fn own_collation(table: &CreateTable, column: &str) -> String {
    let collation = column_named(table, column).collation.as_deref();
    collation.unwrap_or("BINARY").to_ascii_lowercase()
}

fn column_named<'a>(table: &'a CreateTable, name: &str) -> &'a ColumnDefinition {
    table
        .columns
        .iter()
        .find(|column| column.name.eq_ignore_ascii_case(name))
        .unwrap_or_else(|| panic!("the key has no column {name:?}"))
}

fn described_foreign_key(foreign_key: &ForeignKey) -> Vec<[String; 5]> {
    let action = |action: Option<ReferentialAction>| match action {
        Some(ReferentialAction::SetNull) => "SET NULL",
        Some(ReferentialAction::SetDefault) => "SET DEFAULT",
        Some(ReferentialAction::Cascade) => "CASCADE",
        Some(ReferentialAction::Restrict) => "RESTRICT",
        Some(ReferentialAction::NoAction) | None => "NO ACTION",
    };
    let pair = |(index, column): (usize, &String)| {
        [
            foreign_key.referred_table.clone(),
            column.to_ascii_lowercase(),
            foreign_key.referred_columns.get(index).cloned().unwrap_or_default(),
            action(foreign_key.on_update).to_owned(),
            action(foreign_key.on_delete).to_owned(),
        ]
    };
    foreign_key.columns.iter().enumerate().map(pair).collect()
}

/// Returns SQLite's view of the table.
fn observed(connection: &Connection, table: &str) -> Description {
    let mut columns = connection
        .prepare(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1)",
        )
        .unwrap();
    let columns = columns.query_map([table], |row| {
        Ok(Column {
            collation: String::new(),
            name: row.get(0)?,
            declared_type: row.get(1)?,
            not_null: row.get(2)?,
            default: row.get(3)?,
            position_in_primary_key: row.get(4)?,
            hidden: row.get(5)?,
        })
    });
    let mut columns: Vec<Column> = columns.unwrap().map(Result::unwrap).collect();
    for column in &mut columns {
        column.collation = observed_collation(connection, table, &column.name);
    }
    Description {
        columns,
        foreign_keys: observed_foreign_keys(connection, table),
        keys: observed_keys(connection, table),
    }
}

/// Returns the column's collation, which only an index on the column shows.
fn observed_collation(connection: &Connection, table: &str, column: &str) -> String {
    let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let create = format!("CREATE INDEX probe ON {}({})", quote(table), quote(column));
    connection.execute_batch(&create).unwrap();
    let query = "SELECT lower(coll) FROM pragma_index_xinfo('probe') WHERE seqno = 0";
    let collation = connection.query_row(query, [], |row| row.get(0)).unwrap();
    connection.execute_batch("DROP INDEX probe").unwrap();
    collation
}

fn observed_foreign_keys(connection: &Connection, table: &str) -> Vec<Vec<[String; 5]>> {
    // SQLite numbers the foreign keys from the last one to the first.
    let mut rows = connection
        .prepare(
            "SELECT seq, \"table\", lower(\"from\"), coalesce(\"to\", ''), on_update, on_delete \
             FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq",
        )
        .unwrap();
    let mut rows = rows.query([table]).unwrap();
    let mut foreign_keys: Vec<Vec<[String; 5]>> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        if row.get_unwrap::<_, i64>(0) == 0 {
            foreign_keys.push(Vec::new());
        }
        let pair = [1, 2, 3, 4, 5].map(|index| row.get_unwrap(index));
        foreign_keys.last_mut().unwrap().push(pair);
    }
    foreign_keys
}

fn observed_keys(connection: &Connection, table: &str) -> Vec<Key> {
    let mut indexes =
        connection.prepare("SELECT name FROM pragma_index_list(?1) WHERE origin <> 'c'").unwrap();
    let mut columns = connection
        .prepare(
            "SELECT lower(name), lower(coll), \"desc\" FROM pragma_index_xinfo(?1) WHERE key \
             ORDER BY seqno",
        )
        .unwrap();
    let indexes = indexes.query_map([table], |row| row.get::<_, String>(0)).unwrap();
    let mut keys: Vec<Key> = indexes
        .map(|index| {
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
            columns.query_map([index.unwrap()], row).unwrap().map(Result::unwrap).collect()
        })
        .collect();
    keys.sort();
    keys
}
