//! 8b6ad64cb8f5: an issue's categories become rows.

use mlflow_migrate_core::data::DataOptions;
use mlflow_migrate_tests::capability::{
    EVERY_CHARACTER, EVERY_REVISION, LATIN1, MYSQL, UNTYPED_COLUMNS,
};
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Upgrade, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::proxy::Proxy;
use mlflow_migrate_tests::server::{TestServer, wait_until_alone};
use mlflow_migrate_tests::tests;

use crate::common::address_of;

use super::{quoted, refused, texts, upgraded, upgraded_with};

pub(crate) const TESTS: &[Test] = tests![
    categories_are_found_by_their_hash => EVERY_REVISION => EVERY_CHARACTER,
    categories_that_latin1_lacks_are_refused => EVERY_REVISION => LATIN1,
    of_spellings_of_one_category_the_last_is_kept => EVERY_REVISION,
    all_issues_that_cannot_be_read_are_named => EVERY_REVISION,
    issues_that_cannot_be_read_can_be_left_out => EVERY_REVISION,
    what_an_interrupted_upgrade_left_out_is_told => EVERY_REVISION => MYSQL,
    many_issues_are_all_read => EVERY_REVISION,
    deep_nesting_is_refused_like_anything_else => EVERY_REVISION,
    an_id_of_bytes_does_not_go_round_in_circles => EVERY_REVISION => UNTYPED_COLUMNS,
];

const BEFORE: &str = "e7d1f4b2a9c6";
const AFTER: &str = "8b6ad64cb8f5";

/// SHA-256 in hexadecimal.
const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const OF_ISTANBUL: &str = "4a4df120f7d1f3c286f58651abfcec2aade892ace635f96f02b946c96e6e1f86";
const OF_ODOS: &str = "3a2c9e1f2803431e23ed51a84e18ba04188301f1911b75310e9704974aebe4e8";

fn issue(database: &dyn TestDatabase, id: &str, categories: Option<&str>) {
    let categories = categories.map_or("NULL".to_owned(), quoted);
    database.run(&format!(
        "INSERT INTO issues (issue_id, experiment_id, name, description, status, categories,
         created_timestamp, last_updated_timestamp)
         VALUES ({}, 1, 'name', '', 'open', {categories}, 42, 43)",
        quoted(id)
    ));
}

async fn with_issues(
    server: &TestServer,
    issues: &[(&str, Option<&str>)],
) -> Box<dyn TestDatabase> {
    let database = server.at(BEFORE).await;
    database.run("INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')");
    for (id, categories) in issues {
        issue(&*database, id, *categories);
    }
    database
}

fn categories(database: &dyn TestDatabase) -> Vec<Vec<Cell>> {
    database.query(
        "SELECT issue_id, category_hash, category FROM issue_categories
         ORDER BY issue_id, category_hash",
    )
}

async fn categories_are_found_by_their_hash(server: &TestServer) {
    let lists = [
        ("a", Some(r#"["abc", ""]"#)),
        ("b", Some(r#"["\u001f\u00a0İSTANBUL\u3000", "ΟΔΟΣ"]"#)),
        ("empty", Some("[]")),
        ("null", None),
    ];
    let database = with_issues(server, &lists).await;
    upgraded(server, &*database, AFTER).await;
    let mut expected = [
        texts(&["a", OF_ABC, "abc"]),
        texts(&["a", OF_NOTHING, ""]),
        texts(&["b", OF_ISTANBUL, "\u{1f}\u{a0}İSTANBUL\u{3000}"]),
        texts(&["b", OF_ODOS, "ΟΔΟΣ"]),
    ];
    expected.sort();
    assert_eq!(categories(&*database), expected);
    let kept = database.query("SELECT categories FROM issues WHERE issue_id = 'a'");
    assert_eq!(kept, [texts(&[r#"["abc", ""]"#])], "the list stays for older readers");
    let seen = database.query("SELECT DISTINCT last_seen_timestamp FROM issues");
    assert_eq!(seen, [[Cell::from(42)]]);
}

/// The list spells them in escapes, as MLflow writes it.
async fn categories_that_latin1_lacks_are_refused(server: &TestServer) {
    let lists = [("a", Some(r#"["\u039f\u0394\u039f\u03a3"]"#)), ("b", Some(r#"["caf\u00e9"]"#))];
    let database = with_issues(server, &lists).await;
    let findings = refused(server, &*database, AFTER).await;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!((finding.count, finding.revision.as_str()), (1, AFTER), "{finding}");
    assert!(finding.problem.contains("latin1"), "{finding}");
    database.run("DELETE FROM issues WHERE issue_id = 'a'");
    upgraded(server, &*database, AFTER).await;
    assert_eq!(database.query("SELECT category FROM issue_categories"), [texts(&["café"])]);
}

async fn of_spellings_of_one_category_the_last_is_kept(server: &TestServer) {
    let database = with_issues(server, &[("a", Some(r#"["ABC", " abc ", "Abc", "abc\n"]"#))]).await;
    upgraded(server, &*database, AFTER).await;
    assert_eq!(categories(&*database), [texts(&["a", OF_ABC, "abc\n"])]);
}

const INVALID: [(&str, &str); 8] = [
    ("1 empty", ""),
    ("2 malformed", "[\"abc\""),
    ("3 null", "null"),
    ("4 number", "5"),
    ("5 a number in it", r#"["abc", 5]"#),
    ("6 a null in it", "[null]"),
    ("7 a list in it", r#"[["abc"]]"#),
    ("8 half of a pair", r#"["\ud800"]"#),
];

async fn all_issues_that_cannot_be_read_are_named(server: &TestServer) {
    let mut issues: Vec<(&str, Option<&str>)> =
        INVALID.iter().map(|(id, categories)| (*id, Some(*categories))).collect();
    issues.push(("9 valid", Some(r#"["abc"]"#)));
    let database = with_issues(server, &issues).await;
    let findings = refused(server, &*database, "head").await;
    let [finding] = &findings[..] else { panic!("{findings:?}") };
    assert_eq!(finding.revision, AFTER);
    assert_eq!(finding.count, 8);
    let named: Vec<String> = INVALID.iter().map(|(id, _)| format!("issue {id:?}")).collect();
    assert_eq!(finding.rows, named);
    assert!(finding.is_skippable);
}

async fn issues_that_cannot_be_read_can_be_left_out(server: &TestServer) {
    let mut issues: Vec<(&str, Option<&str>)> =
        INVALID.iter().map(|(id, categories)| (*id, Some(*categories))).collect();
    issues.push(("9 valid", Some(r#"["abc"]"#)));
    let database = with_issues(server, &issues).await;
    let mut data = DataOptions::default();
    data.skip_invalid = true;
    let upgrade = Upgrade { data, ..Upgrade::default() };
    let (report, _) = upgraded_with(server, &upgrade, &*database, "head").await;
    assert_eq!(categories(&*database), [texts(&["9 valid", OF_ABC, "abc"])]);
    let [omission] = &report.omissions[..] else { panic!("{:?}", report.omissions) };
    assert_eq!((omission.revision.as_str(), omission.table.as_str()), (AFTER, "issues"));
    assert_eq!((omission.count, omission.examples.len()), (8, 8), "{omission}");
    assert_eq!(omission.examples[0], "issue \"1 empty\"");
    assert!(omission.problem.contains("not a JSON list of strings"), "{omission}");
    let kept = database.query("SELECT categories FROM issues WHERE issue_id = '2 malformed'");
    assert_eq!(kept, [texts(&["[\"abc\""])]);
    let seen = database.query("SELECT DISTINCT last_seen_timestamp FROM issues");
    assert_eq!(seen, [[Cell::from(42)]], "also of those left out");
}

/// The connection ends after the last step, so the same upgrade only has to stamp.
async fn what_an_interrupted_upgrade_left_out_is_told(server: &TestServer) {
    let database = with_issues(server, &[("a", Some("5")), ("b", Some(r#"["abc"]"#))]).await;
    let address = address_of(&*database);
    let proxy = Proxy::cut_at(&address, "DELETE FROM alembic_version", 2);
    let mut data = DataOptions::default();
    data.skip_invalid = true;
    let upgrade = Upgrade { data, ..Upgrade::default() };
    let through = address.through_port(proxy.port());
    let mut backend = open(&through, Waits::default()).await.unwrap();
    let (result, _) = upgrade.run_on(server.catalogue(), &mut *backend, AFTER).await;
    result.unwrap_err();
    drop(backend);
    wait_until_alone(server, &address);
    let (report, _) = upgraded(server, &*database, AFTER).await;
    let [omission] = &report.omissions[..] else { panic!("{:?}", report.omissions) };
    assert_eq!(
        (omission.count, omission.examples.as_slice()),
        (1, &["issue \"a\"".to_owned()][..])
    );
}

/// More than are read at a time.
async fn many_issues_are_all_read(server: &TestServer) {
    let database = with_issues(server, &[]).await;
    let rows: Vec<String> = (0..1203)
        .map(|number| format!("('{number:05}', 1, 'n', '', 's', '[\"abc\"]', {number}, 0)"))
        .collect();
    database.run(&format!(
        "INSERT INTO issues (issue_id, experiment_id, name, description, status, categories,
         created_timestamp, last_updated_timestamp) VALUES {}",
        rows.join(", ")
    ));
    upgraded(server, &*database, AFTER).await;
    let counted = database.query(
        "SELECT count(*), count(DISTINCT issue_id), count(DISTINCT category_hash)
         FROM issue_categories",
    );
    assert_eq!(counted, [[1203, 1203, 1].map(Cell::from)]);
}

/// JSON nests as deep as it likes, and is still not a list of strings.
async fn deep_nesting_is_refused_like_anything_else(server: &TestServer) {
    let levels = if server.is_mysql() { 30_000 } else { 100_000 };
    let deep = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let database = with_issues(server, &[("deep", Some(&deep))]).await;
    let findings = refused(server, &*database, AFTER).await;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rows, ["issue \"deep\""]);
}

/// SQLite keeps bytes in a column for texts.
async fn an_id_of_bytes_does_not_go_round_in_circles(server: &TestServer) {
    let database = with_issues(server, &[("a", Some(r#"["abc"]"#))]).await;
    database.run("UPDATE issues SET issue_id = x'00ff'");
    upgraded(server, &*database, AFTER).await;
    let row = vec![Cell::Blob(vec![0, 255]), OF_ABC.into(), "abc".into()];
    assert_eq!(categories(&*database), [row]);
}
