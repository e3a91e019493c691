//! Settings of a PostgreSQL database that make the same statement mean something else.
//!
//! MySQL has such settings for a whole server only: see `server_defaults`.

use mlflow_migrate_tests::capability::POSTGRES;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::{fill, tests};

use crate::common::{address_of, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    settings_that_change_meanings => POSTGRES,
    settings_that_end_statements => POSTGRES,
];

async fn goes_to_head_with(server: &TestServer, settings: &[&str]) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 2);
    let address = address_of(&*database);
    for setting in settings {
        // Not every version knows each.
        let name = setting.split(' ').next().unwrap_or_default().to_lowercase();
        let known = format!("SELECT 1 FROM pg_settings WHERE lower(name) = '{name}'");
        if database.query(&known).is_empty() {
            continue;
        }
        database.run(&format!("ALTER DATABASE {} SET {setting}", address.database));
    }
    to_newest(server, &address).await.unwrap();
    // A look at it with the settings that it has by default.
    database.run(&format!("ALTER DATABASE {} RESET ALL", address.database));
    assert_at(server, &*database, "head").await;
    let latest = database.query("SELECT count(*), sum(step) FROM latest_metrics");
    assert_eq!(latest, [[1000.into(), 1000.into()]]);
}

async fn settings_that_change_meanings(server: &TestServer) {
    let settings = [
        "standard_conforming_strings = off",
        "backslash_quote = on",
        "escape_string_warning = on",
        "quote_all_identifiers = on",
        "transform_null_equals = on",
        "bytea_output = escape",
        "DateStyle = 'SQL, DMY'",
        "TimeZone = 'Asia/Kolkata'",
        "extra_float_digits = -10",
        "client_encoding = 'LATIN1'",
        "default_transaction_isolation = 'serializable'",
        "default_transaction_deferrable = on",
        "row_security = off",
        "search_path = '$user', public, pg_catalog",
    ];
    goes_to_head_with(server, &settings).await;
}

async fn settings_that_end_statements(server: &TestServer) {
    let settings = [
        "statement_timeout = 40",
        "lock_timeout = 1",
        "idle_in_transaction_session_timeout = 40",
        "idle_session_timeout = 40",
        "work_mem = 64",
    ];
    goes_to_head_with(server, &settings).await;
}
