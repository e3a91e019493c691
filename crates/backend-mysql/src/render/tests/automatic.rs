//! Names and indexes that the server gives to foreign keys, and other changes of single tables.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{
    Column, ColumnType, DefaultValue, ForeignKey, Index, Table, big_integer, integer, text, varchar,
};

use crate::change::describe;
use crate::features::Features;

fn tags() -> Table {
    Table::new("tags")
        .column(varchar("key", 9).not_null())
        .column(varchar("run", 9))
        .primary_key("tag_pk", &["key"])
}

fn reference(name: &str) -> ForeignKey {
    ForeignKey::new(&["run"], "runs", &["run_uuid"]).named(name)
}

fn automatic(name: &str) -> Index {
    Index { automatic: true, ..Index::new(name, &["run"]) }
}

fn method(version: &str, before: Option<Table>, after: Table) -> (String, bool, Vec<String>) {
    let change = TableChange { before, after, revisions: Vec::new() };
    let method = describe(&change, false, &Features::parse(version).unwrap()).unwrap();
    let flat = |sql: String| sql.split_whitespace().collect::<Vec<_>>().join(" ");
    let statements = method.statements.into_iter().map(flat).collect();
    (method.summary, method.rebuilds, statements)
}

fn statements(version: &str, before: Option<Table>, after: Table) -> Vec<String> {
    method(version, before, after).2
}

#[test]
fn the_server_names_what_mlflow_leaves_unnamed() {
    let table = tags().foreign_key(reference("tags_ibfk_1")).index(automatic("run"));
    let sql = statements("5.7.44", None, table.clone());
    assert_eq!(
        sql,
        [
            "CREATE TABLE `tags` ( `key` VARCHAR(9) NOT NULL, `run` VARCHAR(9), PRIMARY KEY (`key`), \
          FOREIGN KEY (`run`) REFERENCES `runs` (`run_uuid`) ) ENGINE=InnoDB"
        ]
    );
    let sql = statements("5.7.44", Some(tags()), table);
    assert_eq!(
        sql,
        [
            "SET SESSION foreign_key_checks = 0",
            "ALTER TABLE `tags` ADD FOREIGN KEY (`run`) REFERENCES `runs` (`run_uuid`)",
            "SET SESSION foreign_key_checks = 1",
            "SELECT COUNT(*) FROM `tags` AS child LEFT JOIN `runs` AS parent \
             ON parent.`run_uuid` = child.`run` WHERE child.`run` IS NOT NULL \
             AND parent.`run_uuid` IS NULL",
        ]
    );
}

#[test]
fn what_the_server_would_call_otherwise_is_named() {
    let later = tags().foreign_key(reference("tags_ibfk_2")).index(automatic("run"));
    let sql = statements("9.7.0", Some(tags()), later);
    assert_eq!(
        [&sql[0], &sql[2]],
        [
            "ALTER TABLE `tags` ADD KEY `run` (`run`)",
            "ALTER TABLE `tags` ADD CONSTRAINT `tags_ibfk_2` FOREIGN KEY (`run`) \
             REFERENCES `runs` (`run_uuid`)",
        ]
    );
    let numbered = tags().foreign_key(reference("1")).index(automatic("run"));
    let sql = statements("12.1.2-MariaDB", Some(tags()), numbered);
    assert_eq!(
        sql[1..2],
        ["ALTER TABLE `tags` ADD FOREIGN KEY (`run`) REFERENCES `runs` (`run_uuid`)"]
    );
}

#[test]
fn an_index_that_outlives_its_foreign_key_is_an_ordinary_one() {
    let sql = statements("8.0.36", None, tags().index(automatic("run")));
    assert!(sql[0].contains("KEY `run` (`run`)"), "{sql:?}");
    let named = tags().foreign_key(reference("fk_run")).index(automatic("run"));
    let sql = statements("8.0.36", None, named);
    assert!(sql[0].contains("KEY `run` (`run`), CONSTRAINT `fk_run` FOREIGN KEY"), "{sql:?}");
}

#[test]
fn an_index_of_the_servers_goes_with_what_covers_it() {
    let before = tags().foreign_key(reference("tags_ibfk_1")).index(automatic("run"));
    let after =
        tags().foreign_key(reference("tags_ibfk_1")).index(Index::new("by_run", &["run", "key"]));
    let sql = statements("5.6.51", Some(before), after);
    assert_eq!(sql, ["ALTER TABLE `tags` DROP INDEX `run`, ADD KEY `by_run` (`run`, `key`)"]);
}

#[test]
fn a_replaced_foreign_key_goes_first() {
    let before = tags().foreign_key(reference("fk_run")).index(automatic("fk_run"));
    let after =
        tags().foreign_key(reference("fk_run").on_delete_cascade()).index(automatic("fk_run"));
    let (summary, rebuilds, sql) = method("5.7.44", Some(before.clone()), after.clone());
    let add = "ADD CONSTRAINT `fk_run` FOREIGN KEY (`run`) REFERENCES `runs` (`run_uuid`) \
               ON DELETE CASCADE";
    assert_eq!(sql[0], "ALTER TABLE `tags` DROP FOREIGN KEY `fk_run`");
    assert_eq!(sql[1], "SET SESSION foreign_key_checks = 0");
    assert_eq!(sql[2], format!("ALTER TABLE `tags` {add}"));
    assert_eq!(summary, "alter in place: drop foreign key fk_run; add foreign key fk_run");
    assert!(!rebuilds);
}

#[test]
fn a_foreign_key_is_checked_by_the_server_where_the_rows_are_copied_anyway() {
    let mut after = tags().foreign_key(reference("fk_run")).index(automatic("fk_run"));
    after.columns[0] = text("key").not_null();
    let (summary, rebuilds, sql) = method("9.7.0", Some(tags()), after);
    assert_eq!(
        sql,
        ["ALTER TABLE `tags` MODIFY COLUMN `key` TEXT NOT NULL, ADD CONSTRAINT `fk_run` \
          FOREIGN KEY (`run`) REFERENCES `runs` (`run_uuid`)"]
    );
    assert_eq!(summary, "copy: modify column key; add foreign key fk_run");
    assert!(rebuilds);
}

#[test]
fn a_column_is_renamed_as_the_server_can() {
    let mut after = tags();
    after.columns[1] = Column { renamed_from: Some("run".to_owned()), ..varchar("run_id", 9) };
    for (version, clause) in [
        ("5.7.44", "CHANGE COLUMN `run` `run_id` VARCHAR(9)"),
        ("8.0.36", "RENAME COLUMN `run` TO `run_id`"),
        ("10.4.32-MariaDB", "CHANGE COLUMN `run` `run_id` VARCHAR(9)"),
        ("10.11.14-MariaDB", "RENAME COLUMN `run` TO `run_id`"),
    ] {
        let (summary, rebuilds, sql) = method(version, Some(tags()), after.clone());
        assert_eq!(sql, [format!("ALTER TABLE `tags` {clause}")]);
        assert_eq!(summary, "alter in place: rename column run to run_id");
        assert!(!rebuilds);
    }
}

#[test]
fn what_is_instant_is_not_made_to_wait_for_an_index() {
    let after = tags().column(integer("step")).index(Index::new("by_step", &["step"]));
    let (_, rebuilds, sql) = method("8.0.36", Some(tags()), after.clone());
    assert_eq!(
        sql,
        [
            "ALTER TABLE `tags` ADD COLUMN `step` INTEGER",
            "ALTER TABLE `tags` ADD KEY `by_step` (`step`)"
        ]
    );
    assert!(!rebuilds);
    let (_, rebuilds, sql) = method("5.7.44", Some(tags()), after);
    assert_eq!(sql, ["ALTER TABLE `tags` ADD COLUMN `step` INTEGER, ADD KEY `by_step` (`step`)"]);
    assert!(rebuilds);
}

#[test]
fn a_longer_varchar_is_copied_where_its_length_needs_another_byte() {
    let with = |length| {
        let mut table = tags();
        table.columns[1] = varchar("run", length);
        table.collation = Some("latin1_swedish_ci".to_owned());
        table
    };
    for (version, from, to, rebuilds) in [
        ("5.7.44", 9, 255, false),
        ("5.7.44", 9, 256, true),
        ("5.7.44", 256, 500, false),
        ("5.7.44", 500, 256, true),
        ("5.6.51", 9, 10, true),
    ] {
        let found = method(version, Some(with(from)), with(to)).1;
        assert_eq!(found, rebuilds, "{version} {from} {to}");
    }
}

#[test]
fn every_part_of_a_column_is_stated() {
    let default = |text: &str| Some(DefaultValue::Expression(text.to_owned()));
    let table = Table::new("odd`table")
        .column(varchar("q`uote", 5).not_null().server_default(r"it's \"))
        .column(big_integer("id").not_null().autoincrement())
        .column(text("exact").collate("utf8mb4_bin"))
        .column(big_integer("sum").stored_as("`id` + 1"))
        .column(Column { default: default("uuid()"), ..varchar("computed", 36) })
        .column(Column {
            default: default("CURRENT_TIMESTAMP"),
            ..Column::new("at", ColumnType::Other("timestamp".to_owned()))
        })
        .primary_key("pk", &["id"]);
    assert_eq!(
        statements("8.0.36", None, table),
        ["CREATE TABLE `odd``table` ( `q``uote` VARCHAR(5) NOT NULL DEFAULT 'it''s \\\\', \
          `id` BIGINT NOT NULL AUTO_INCREMENT, \
          `exact` TEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin, \
          `sum` BIGINT GENERATED ALWAYS AS (`id` + 1) STORED, \
          `computed` VARCHAR(36) DEFAULT (uuid()), \
          `at` timestamp NULL DEFAULT CURRENT_TIMESTAMP, \
          PRIMARY KEY (`id`) ) ENGINE=InnoDB"]
    );
}

#[test]
fn checks_are_only_told_to_servers_that_keep_them() {
    let before = tags().check("old", "`key` <> ''");
    let after = tags().check("new", "`key` > ''");
    for (version, expected) in [
        ("5.7.44", None),
        ("8.0.36", Some("DROP CHECK `old`")),
        ("10.11.14-MariaDB", Some("DROP CONSTRAINT IF EXISTS `old`")),
    ] {
        let sql = statements(version, Some(before.clone()), after.clone());
        let altered = expected.map(|drop| {
            format!("ALTER TABLE `tags` {drop}, ADD CONSTRAINT `new` CHECK (`key` > '')")
        });
        assert_eq!(sql, Vec::from_iter(altered));
    }
}
