//! What servers report about one table, and what the model makes of the report.

use mlflow_migrate_core::schema::{
    Check, ColumnType, DefaultValue, ForeignKey, Index, ReferentialAction, Table, Unique, boolean,
    json, varchar,
};

use super::catalogue::{Catalogue, Record};
use super::{Schema, assemble};
use crate::features::Features;

fn record<const N: usize>(values: [&str; N]) -> Record {
    Record::from(values.map(|value| (value != "-").then_some(value)))
}

fn read(version: &str, catalogue: Catalogue) -> Schema {
    let tables = vec![record(["tags", "utf8mb4_0900_ai_ci"]), record(["alembic_version", "-"])];
    let catalogue = Catalogue { tables, ..catalogue };
    assemble(&catalogue, &Features::parse(version).unwrap())
}

fn table(version: &str, catalogue: Catalogue) -> Table {
    read(version, catalogue).tables.remove("tags").unwrap()
}

fn columns(version: &str, records: Vec<Record>) -> Table {
    table(version, Catalogue { columns: records, ..Catalogue::default() })
}

#[test]
fn the_version_table_is_left_out() {
    let schema = read("8.0.36", Catalogue::default());
    assert_eq!(schema.tables.into_keys().collect::<Vec<_>>(), ["tags"]);
}

#[test]
fn types_are_the_same_on_every_server() {
    let types = [
        ("tinyint(1)", ColumnType::Boolean),
        ("int(11)", ColumnType::Integer),
        ("int", ColumnType::Integer),
        ("bigint(20)", ColumnType::BigInteger),
        ("bigint", ColumnType::BigInteger),
        ("varchar(250)", ColumnType::Varchar(250)),
        ("mediumtext", ColumnType::MediumText),
        ("double", ColumnType::Double),
        ("json", ColumnType::Json),
        ("blob", ColumnType::Binary),
        ("tinyint(4)", ColumnType::Other("tinyint(4)".to_owned())),
        ("int(10) unsigned", ColumnType::Other("int(10) unsigned".to_owned())),
        ("enum('A','b')", ColumnType::Other("enum('A','b')".to_owned())),
    ];
    let record = |name: &str| record(["tags", "c", "-", "YES", name, "-", "", ""]);
    let found = columns("5.7.44", types.iter().map(|(name, _)| record(name)).collect());
    for (column, (name, expected)) in found.columns.iter().zip(&types) {
        assert_eq!(column.column_type, *expected, "{name}");
    }
}

#[test]
fn defaults_are_told_in_two_ways() {
    let of = |version: &str, default: &str, column_type: &str, extra: &str| {
        let row = record(["tags", "c", default, "YES", column_type, "-", extra, ""]);
        columns(version, vec![row]).columns[0].default.clone()
    };
    let literal = |text: &str| Some(DefaultValue::Literal(text.to_owned()));
    let expression = |text: &str| Some(DefaultValue::Expression(text.to_owned()));
    let mariadb = "10.11.14-MariaDB";
    assert_eq!(of("5.7.44", "0", "tinyint(1)", ""), literal("0"));
    assert_eq!(of("5.7.44", "NULL", "varchar(9)", ""), literal("NULL"));
    assert_eq!(of("5.7.44", "-", "varchar(9)", ""), None);
    assert_eq!(of("5.7.44", "CURRENT_TIMESTAMP", "timestamp", ""), expression("CURRENT_TIMESTAMP"));
    assert_eq!(of("8.0.36", "uuid()", "varchar(36)", "DEFAULT_GENERATED"), expression("uuid()"));
    assert_eq!(of(mariadb, "NULL", "varchar(9)", ""), None);
    assert_eq!(of(mariadb, "'NULL'", "varchar(9)", ""), literal("NULL"));
    assert_eq!(of(mariadb, "'it''s'", "varchar(9)", ""), literal("it's"));
    assert_eq!(of(mariadb, "0", "tinyint(1)", ""), literal("0"));
    assert_eq!(of(mariadb, "uuid()", "varchar(36)", ""), expression("uuid()"));
}

#[test]
fn generated_columns_and_numbers_are_recognised() {
    let rows = vec![
        record(["tags", "id", "-", "NO", "bigint", "-", "auto_increment", ""]),
        record(["tags", "s", "-", "YES", "bigint", "-", "STORED GENERATED", "(`a` - `b`)"]),
        record(["tags", "v", "-", "YES", "bigint", "-", "VIRTUAL GENERATED", "(`a` - `b`)"]),
    ];
    let found = columns("5.7.44", rows).columns;
    assert!(found[0].autoincrement && !found[0].nullable && found[0].generated.is_none());
    let stored = |at: usize| found[at].generated.as_ref().unwrap().stored;
    assert!(stored(1) && !stored(2));
}

#[test]
fn only_another_collation_than_the_tables_is_the_columns() {
    let rows = vec![
        record(["tags", "a", "-", "YES", "varchar(9)", "utf8mb4_0900_ai_ci", "", ""]),
        record(["tags", "b", "-", "YES", "varchar(9)", "utf8mb4_bin", "", ""]),
    ];
    let found = columns("8.0.36", rows);
    assert_eq!(found.columns, [varchar("a", 9), varchar("b", 9).collate("utf8mb4_bin")]);
}

#[test]
fn mariadbs_json_is_a_text_with_a_check() {
    let catalogue = Catalogue {
        columns: vec![
            record(["tags", "j", "NULL", "YES", "longtext", "utf8mb4_bin", "", "-"]),
            record(["tags", "t", "NULL", "YES", "longtext", "utf8mb4_bin", "", "-"]),
        ],
        checks: vec![
            record(["tags", "j", "json_valid(`j`)"]),
            record(["tags", "status", "`status` in ('A','b')"]),
        ],
        ..Catalogue::default()
    };
    let found = table("10.11.14-MariaDB", catalogue);
    assert_eq!(found.columns[0], json("j"));
    assert_eq!(found.columns[1].column_type, ColumnType::LongText);
    let expression = "`status` in ('A','b')".to_owned();
    assert_eq!(found.checks, [Check::new(Some("status"), expression)]);
}

fn index(name: &str, non_unique: &str, column: &str) -> Record {
    record(["tags", name, non_unique, column, "-", "A", "BTREE", "-", "-"])
}

#[test]
fn a_unique_index_is_a_unique_constraint() {
    let catalogue = Catalogue {
        columns: vec![record(["tags", "is_nan", "0", "NO", "tinyint(1)", "-", "", ""])],
        indexes: vec![
            index("PRIMARY", "0", "key"),
            index("PRIMARY", "0", "run"),
            index("one", "0", "run"),
            record(["tags", "short", "0", "run", "9", "A", "BTREE", "-", "-"]),
            record(["tags", "down", "1", "run", "-", "D", "BTREE", "-", "-"]),
        ],
        ..Catalogue::default()
    };
    let found = table("8.0.36", catalogue);
    assert_eq!(found.columns, [boolean("is_nan").not_null().server_default("0")]);
    assert_eq!(found.key_columns(), ["key", "run"]);
    let one = Unique { name: Some("one".to_owned()), columns: vec!["run".to_owned()] };
    assert_eq!(found.uniques, [one]);
    let short = Index::new("short", &["run"]).unique().prefix("run", 9);
    assert_eq!(found.indexes, [short, Index::new("down", &[]).descending("run")]);
}

#[test]
fn an_index_that_says_more_is_kept_by_its_text() {
    let catalogue = Catalogue {
        indexes: vec![
            record(["tags", "places", "1", "value", "-", "-", "FULLTEXT", "-", "-"]),
            record(["tags", "lower", "0", "-", "-", "A", "BTREE", "lower(`key`)", "-"]),
            record(["tags", "unseen", "1", "key", "-", "A", "BTREE", "-", "INVISIBLE"]),
        ],
        ..Catalogue::default()
    };
    let found = table("8.0.36", catalogue);
    let definitions: Vec<&str> =
        found.indexes.iter().map(|index| index.definition.as_deref().unwrap()).collect();
    assert_eq!(
        definitions,
        [
            "CREATE FULLTEXT INDEX `places` ON `tags` (`value`)",
            "CREATE UNIQUE INDEX `lower` ON `tags` ((lower(`key`)))",
            "CREATE INDEX `unseen` ON `tags` (`key`)",
        ]
    );
    let inactive: Vec<Option<&str>> =
        found.indexes.iter().map(|index| index.inactive.as_deref()).collect();
    assert_eq!(inactive, [None, None, Some("INVISIBLE")]);
}

#[test]
fn foreign_keys_have_their_rules_and_restrict_is_no_action() {
    let catalogue = Catalogue {
        foreign_keys: vec![
            record(["tags", "fk", "a", "-", "runs", "x"]),
            record(["tags", "fk", "b", "-", "runs", "y"]),
            record(["tags", "fk_2", "c", "other", "runs", "x"]),
        ],
        rules: vec![
            record(["tags", "fk_2", "RESTRICT", "NO ACTION"]),
            record(["tags", "fk", "CASCADE", "SET NULL"]),
        ],
        ..Catalogue::default()
    };
    let mut both = ForeignKey::new(&["a", "b"], "runs", &["x", "y"]).named("fk");
    both.on_delete = ReferentialAction::Cascade;
    both.on_update = ReferentialAction::SetNull;
    let other = ForeignKey::new(&["c"], "other.runs", &["x"]).named("fk_2");
    assert_eq!(table("8.0.36", catalogue).foreign_keys, [both, other]);
}

#[test]
fn indexes_of_the_servers_making_are_guessed() {
    for (constraint, name, covered, expected) in [
        ("tags_ibfk_1", "run", false, true),
        ("tags_ibfk_1", "run_2", false, true),
        ("1", "run", false, true),
        ("fk_run", "fk_run", false, true),
        ("fk_run", "run", false, false),
        ("tags_ibfk_1", "by_run", false, false),
        ("tags_ibfk_1", "run", true, false),
    ] {
        let mut indexes = vec![index(name, "1", "run")];
        if covered {
            indexes.extend([index("z", "1", "run"), index("z", "1", "key")]);
        }
        let catalogue = Catalogue {
            foreign_keys: vec![record(["tags", constraint, "run", "-", "runs", "run_uuid"])],
            indexes,
            ..Catalogue::default()
        };
        let found = table("8.0.36", catalogue);
        assert_eq!(found.indexes[0].automatic, expected, "{constraint} {name} {covered}");
    }
}

#[test]
fn a_trigger_is_put_together_again() {
    let catalogue = Catalogue {
        triggers: vec![record(["tags", "guard", "BEFORE", "UPDATE", "BEGIN\nEND"])],
        ..Catalogue::default()
    };
    assert_eq!(
        table("8.0.36", catalogue).triggers[0].definition,
        "CREATE TRIGGER `guard` BEFORE UPDATE ON `tags`\nFOR EACH ROW\nBEGIN\nEND"
    );
}
