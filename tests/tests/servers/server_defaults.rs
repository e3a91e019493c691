//! Settings of a whole MySQL server that make the same statement mean something else.
//!
//! They hold for everybody's new connections, so these trials have no company: each runs while no other
//! trial does, and no other program may use the server meanwhile.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{Capability, MYSQL};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::database::{Cell, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::{fill, tests};

use crate::locks::others::ranges_do_not_wait_for_each_other;

pub(crate) const TESTS: &[Test] = tests![
    another_spelling_of_sql => MYSQL,
    no_strict_mode => MYSQL,
    every_strict_mode => MYSQL,
    limits_and_habits => MYSQL,
    limits_and_habits_of_newer_servers => MYSQL8,
    limits_and_habits_of_mariadb => MARIADB,
    snapshot_isolation => MARIADB,
    tables_need_primary_keys => MYSQL8,
    the_server_is_read_only => MYSQL,
];

const MYSQL8: Capability =
    Capability::new("MySQL 8.0", |server| server.reference() == Server::Mysql);

const MARIADB: Capability =
    Capability::new("MariaDB", |server| server.reference() == Server::Mariadb);

/// A global variable with another value for as long as this exists.
struct Setting {
    name: &'static str,
    before: String,
    administrator: Address,
}

impl Setting {
    fn new(server: &TestServer, name: &'static str, value: &str) -> Self {
        let administrator = server.address().clone();
        let rows = query(&administrator, &format!("SELECT @@GLOBAL.{name}"));
        let before = match rows.first().map(Vec::as_slice) {
            Some([Cell::Integer(number)]) => number.to_string(),
            // More than a signed number can be.
            Some([Cell::Text(text)]) if text.parse::<u64>().is_ok() => text.clone(),
            Some([Cell::Text(text)]) => format!("'{text}'"),
            Some([Cell::Real(bits)]) => f64::from_bits(*bits).to_string(),
            other => panic!("{name} is {other:?}"),
        };
        query(&administrator, &format!("SET GLOBAL {name} = {value}"));
        Self { name, before, administrator }
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        query(&self.administrator, &format!("SET GLOBAL {} = {}", self.name, self.before));
    }
}

/// An old database, made and upgraded with these settings, is as it should be.
async fn goes_to_newest_with(server: &TestServer, settings: &[(&'static str, &str)]) {
    let database = server.at("7ac759974ad8").await;
    fill::metrics(&*database, 2);
    let set: Vec<Setting> =
        settings.iter().map(|(name, value)| Setting::new(server, name, value)).collect();
    let made = server.new_database();
    let results = [
        upgrade(server.catalogue(), &*database, server.head()).await,
        upgrade(server.catalogue(), &*made, server.head()).await,
    ];
    drop(set);
    for result in results {
        result.unwrap();
    }
    assert_at(server, &*database, server.head()).await;
    assert_at(server, &*made, server.head()).await;
    let latest = database.query("SELECT count(*), sum(step) FROM latest_metrics");
    assert_eq!(latest, [[1000.into(), 1000.into()]]);
}

async fn another_spelling_of_sql(server: &TestServer) {
    let mode = "'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT,IGNORE_SPACE,\
                NO_UNSIGNED_SUBTRACTION,HIGH_NOT_PRECEDENCE'";
    goes_to_newest_with(server, &[("sql_mode", mode)]).await;
}

async fn no_strict_mode(server: &TestServer) {
    goes_to_newest_with(server, &[("sql_mode", "''")]).await;
}

async fn every_strict_mode(server: &TestServer) {
    let mode = "'TRADITIONAL,ONLY_FULL_GROUP_BY,NO_AUTO_VALUE_ON_ZERO,PAD_CHAR_TO_FULL_LENGTH'";
    goes_to_newest_with(server, &[("sql_mode", mode)]).await;
}

async fn limits_and_habits(server: &TestServer) {
    let isolation = match server.reference() {
        Server::Mysql => "transaction_isolation",
        _ => "tx_isolation",
    };
    let settings = [
        ("time_zone", "'+05:30'"),
        ("autocommit", "OFF"),
        ("sql_select_limit", "1"),
        ("sql_safe_updates", "ON"),
        ("sql_auto_is_null", "ON"),
        ("foreign_key_checks", "ON"),
        ("default_storage_engine", "MyISAM"),
        (isolation, "'SERIALIZABLE'"),
        ("lock_wait_timeout", "1"),
        ("innodb_lock_wait_timeout", "1"),
        ("wait_timeout", "2"),
        ("net_write_timeout", "2"),
        ("group_concat_max_len", "4"),
        ("max_sort_length", "64"),
        ("character_set_server", "latin1"),
        ("init_connect", "'SET SESSION sql_mode = '''''"),
    ];
    goes_to_newest_with(server, &settings).await;
}

async fn limits_and_habits_of_newer_servers(server: &TestServer) {
    let settings = [
        ("max_execution_time", "1"),
        ("sql_generate_invisible_primary_key", "ON"),
        ("explicit_defaults_for_timestamp", "OFF"),
        ("information_schema_stats_expiry", "86400"),
        ("windowing_use_high_precision", "OFF"),
    ];
    goes_to_newest_with(server, &settings).await;
}

async fn limits_and_habits_of_mariadb(server: &TestServer) {
    let settings = [
        ("max_statement_time", "0.02"),
        ("check_constraint_checks", "OFF"),
        ("idle_transaction_timeout", "1"),
        ("old_mode", "''"),
        ("innodb_strict_mode", "OFF"),
    ];
    goes_to_newest_with(server, &settings).await;
}

/// MariaDB 11.6 and later have it on.
async fn snapshot_isolation(server: &TestServer) {
    let set = Setting::new(server, "innodb_snapshot_isolation", "ON");
    ranges_do_not_wait_for_each_other(server).await;
    drop(set);
}

async fn tables_need_primary_keys(server: &TestServer) {
    goes_to_newest_with(server, &[("sql_require_primary_key", "ON")]).await;
}

/// As a replica is. An administrator could write all the same.
async fn the_server_is_read_only(server: &TestServer) {
    let database = server.at("7ac759974ad8").await;
    let before = database.contents();
    let setting = Setting::new(server, "read_only", "ON");
    let result = upgrade(server.catalogue(), &*database, server.head()).await;
    drop(setting);
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error:?}");
    assert!(hint(&error).is_some());
    assert!(database.contents() == before);
}
