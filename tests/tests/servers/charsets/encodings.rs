//! Databases that hold bytes which are no characters.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::connect::upgrade_at;
use mlflow_migrate_tests::database::Waits;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query, wait_until_alone};
use mlflow_migrate_tests::unique::next_name;
use mlflow_migrate_tests::{postgres, tests};

use crate::common::assert_told;

pub(crate) const TESTS: &[Test] =
    tests![texts_that_cannot_be_read_are_told_with_their_rows => POSTGRES];

/// Whether it comes to the newest revision, by what `issues.categories` holds.
const TEXTS: &[(&str, bool)] = &[
    (r#"["caf\303\251 \360\237\246\200"]"#, true),
    (r#"["\351"]"#, false),
    (r#"["\300\200"]"#, false),
    (r#"["\355\240\200"]"#, false),
];

async fn texts_that_cannot_be_read_are_told_with_their_rows(server: &TestServer) {
    let name = next_name();
    query(
        server.address(),
        &format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        ),
    );
    let address = server.address().of_database(&name).unencrypted();
    let to =
        async |target| upgrade_at(server.catalogue(), &address, Waits::default(), target).await;
    to("b7e2c1a4d9f3").await.unwrap();
    query(&address, "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one')");
    for (text, _) in TEXTS.iter().filter(|(_, is_valid)| !is_valid) {
        query(&address, "DELETE FROM issues");
        query(
            &address,
            &format!(
                "INSERT INTO issues (issue_id, experiment_id, name, description, status, categories,
                 created_timestamp, last_updated_timestamp)
                 VALUES ('the-one', 1, 'n', 'd', 'open', E'{text}', 1, 1)"
            ),
        );
        let error = to("head").await.unwrap_err();
        assert_told(&error, ErrorKind::Refused);
        let Error::Refused { findings } = &error else { panic!("{error:?}") };
        assert_eq!(findings.len(), 1, "{error}");
        assert_eq!(findings[0].rows, ["the-one"]);
        assert!(error.to_string().contains("issues.categories holds bytes that are not UTF-8"));
        let found = query(&address, findings[0].query.as_deref().unwrap());
        assert_eq!(found, [["the-one".into()]]);
    }
    let valid = TEXTS.iter().find(|(_, is_valid)| *is_valid).map(|(text, _)| *text).unwrap();
    query(&address, &format!("UPDATE issues SET categories = E'{valid}'"));
    to("head").await.unwrap();
    assert_eq!(query(&address, "SELECT 1 FROM issue_categories").len(), 1);
    wait_until_alone(server, &address);
    postgres::drop_database(server.address(), &name).unwrap();
}
