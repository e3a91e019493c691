//! Users who may not do everything that an upgrade takes.

use mlflow_migrate::hint;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::doctor::diagnose;
use mlflow_migrate_core::{Error, UpgradeOptions};
use mlflow_migrate_tests::address::Address;
use mlflow_migrate_tests::capability::{BINARY_LOG, EVERY_REVISION, MYSQL, POSTGRES, SERVER};
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::{open, upgrade_at};
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{User, assert_told, to_newest};

pub(crate) const TESTS: &[Test] = tests![
    an_ordinary_user_is_enough => SERVER,
    each_privilege_of_mysql => MYSQL,
    nobody_needs_the_privilege_for_indexes => MYSQL,
    the_privileges_for_the_newest_revisions_of_mysql => MYSQL => EVERY_REVISION,
    mlflows_trigger_that_the_user_may_not_see => MYSQL => EVERY_REVISION,
    a_trigger_of_somebody_else_that_the_user_may_not_see => MYSQL,
    a_trigger_that_the_user_may_not_see_is_told_of_each_row => MYSQL => EVERY_REVISION,
    a_trigger_while_changes_are_logged => MYSQL => EVERY_REVISION => BINARY_LOG,
    a_role_that_does_not_own_the_tables => POSTGRES,
    a_role_that_does_not_own_one_table => POSTGRES,
    a_role_that_may_not_create_tables => POSTGRES,
];

const OLD: &str = "451aebb31d03";

/// Lets a user do everything with a database.
fn grant_all(server: &TestServer, user: &User, address: &Address) {
    let (database, name) = (&address.database, user.quoted());
    let sql = if server.is_postgres() {
        format!("ALTER DATABASE {database} OWNER TO {name}")
    } else {
        format!("GRANT ALL ON {database}.* TO {name}")
    };
    query(server.address(), &sql);
}

/// Lets a user do everything that an upgrade takes. Where MySQL logs changes, only an administrator
/// may create a trigger, unless the server is told to trust others.
pub(crate) fn grant_what_it_takes(server: &TestServer, user: &User, address: &Address) {
    grant_all(server, user, address);
    if server.logs_changes() {
        query(server.address(), &format!("GRANT SUPER ON *.* TO {}", user.quoted()));
    }
}

/// Takes one privilege on a database of MySQL's back.
fn revoke(server: &TestServer, user: &User, address: &Address, privilege: &str) {
    let (database, name) = (&address.database, user.quoted());
    query(server.address(), &format!("REVOKE {privilege} ON {database}.* FROM {name}"));
}

async fn an_ordinary_user_is_enough(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database);
    grant_what_it_takes(server, &user, &address);
    upgrade_at(server.catalogue(), &address, Waits::default(), OLD).await.unwrap();
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// The upgrade is refused for lack of one thing, and has changed nothing.
async fn assert_missing(
    server: &TestServer,
    user: &User,
    database: &dyn TestDatabase,
    privilege: &str,
) {
    let before = database.contents();
    let Err(error) = to_newest(server, &user.of(database)).await else {
        panic!("the upgrade does not take {privilege}");
    };
    assert_told(&error, ErrorKind::Privileges);
    let Error::Privileges { missing, .. } = &error else { panic!("{error:?}") };
    assert!(missing.iter().any(|one| one.contains(privilege)), "{privilege}: {error}");
    assert!(database.contents() == before, "{privilege}: {error}");
}

async fn each_in_turn(server: &TestServer, privileges: &[&str]) {
    let user = User::new(server);
    let database = server.at(OLD).await;
    let address = user.of(&*database);
    grant_what_it_takes(server, &user, &address);
    for privilege in privileges {
        revoke(server, &user, &address, privilege);
        assert_missing(server, &user, &*database, privilege).await;
        grant_all(server, &user, &address);
    }
    to_newest(server, &address).await.unwrap();
}

async fn each_privilege_of_mysql(server: &TestServer) {
    each_in_turn(server, &["CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE"]).await;
}

/// MySQL asks for it where an index is made or dropped by a statement of its own, as MLflow does it;
/// here that is a part of ALTER TABLE.
async fn nobody_needs_the_privilege_for_indexes(server: &TestServer) {
    let user = User::new(server);
    let database = server.at(OLD).await;
    let address = user.of(&*database);
    grant_what_it_takes(server, &user, &address);
    revoke(server, &user, &address, "INDEX");
    to_newest(server, &address).await.unwrap();
    assert_at(server, &*database, server.head()).await;
}

/// MySQL before 5.7.6 and MariaDB ask for no privilege to refer to a table; MySQL 5.6 comes to no
/// revision with a trigger.
async fn the_privileges_for_the_newest_revisions_of_mysql(server: &TestServer) {
    each_in_turn(
        server,
        match server.reference() {
            Server::Mariadb => &["TRIGGER"],
            _ => &["TRIGGER", "REFERENCES"],
        },
    )
    .await;
}

/// A database at a revision, and a user who may do everything that an upgrade takes but see triggers.
async fn without_triggers(
    server: &TestServer,
    revision: &str,
) -> (User, Box<dyn TestDatabase>, Address) {
    let user = User::new(server);
    let database = server.at(revision).await;
    let address = user.of(&*database);
    grant_what_it_takes(server, &user, &address);
    revoke(server, &user, &address, "TRIGGER");
    (user, database, address)
}

/// It is not said to be missing, whether drift is accepted or not.
async fn mlflows_trigger_that_the_user_may_not_see(server: &TestServer) {
    let (user, database, address) = without_triggers(server, "1bd49d398cd23").await;
    assert_missing(server, &user, &*database, "TRIGGER").await;
    let mut backend = open(&address, Waits::default()).await.unwrap();
    let mut request = UpgradeOptions::to(Target::parse(server.head()));
    for accept_drift in [false, true] {
        request.accept_drift = accept_drift;
        let found = diagnose(&mut *backend, server.catalogue(), &request).await.unwrap();
        let [Error::Privileges { missing, remedy, .. }] = &found.problems[..] else {
            panic!("{:?}", found.problems)
        };
        assert_eq!(missing, &[format!("TRIGGER on `{}`.*", address.database)]);
        assert!(format!("{remedy:?}").contains("GRANT TRIGGER ON "), "{remedy:?}");
    }
}

/// Where nothing of MLflow's asks for the privilege, a table's trigger stays with the table.
async fn a_trigger_of_somebody_else_that_the_user_may_not_see(server: &TestServer) {
    let user = User::new(server);
    let database = server.at(OLD).await;
    let address = user.of(&*database);
    grant_all(server, &user, &address);
    revoke(server, &user, &address, "TRIGGER");
    database.run("CREATE TRIGGER theirs AFTER INSERT ON metrics FOR EACH ROW SET @counted = 1");
    // For a DOUBLE every server copies the table.
    let copied = upgrade_at(server.catalogue(), &address, Waits::default(), "181f10493468").await;
    match server.reference() {
        // It shows triggers to everybody.
        Server::Mariadb => assert_told(&copied.unwrap_err(), ErrorKind::Privileges),
        _ => assert_eq!(copied.unwrap().tables_changed, 1),
    }
    let triggers = "SELECT trigger_name, event_object_table FROM information_schema.triggers \
                    WHERE trigger_schema = DATABASE()";
    assert_eq!(database.query(triggers), [[Cell::from("theirs"), Cell::from("metrics")]]);
}

/// The user may see MLflow's own only.
async fn a_trigger_that_the_user_may_not_see_is_told_of_each_row(server: &TestServer) {
    let (user, database, address) = without_triggers(server, "b7e2c1a4d9f3").await;
    let (schema, name) = (&address.database, user.quoted());
    query(server.address(), &format!("GRANT TRIGGER ON {schema}.secrets TO {name}"));
    database.run(
        r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
           INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES ('a', 1, 1, 'OK');
           INSERT INTO spans (trace_id, experiment_id, span_id, status, start_time_unix_nano, content)
           VALUES ('a', 1, 's', 'OK', 1, '');
           INSERT INTO span_metrics (trace_id, span_id, "key", value) VALUES ('a', 's', 'total_cost', 1);
           CREATE TABLE gone (span VARCHAR(50))"#,
    );
    database.run(
        "CREATE TRIGGER theirs AFTER DELETE ON span_metrics FOR EACH ROW \
         INSERT INTO gone VALUES (old.span_id)",
    );
    let done = upgrade_at(server.catalogue(), &address, Waits::default(), "75868b020152").await;
    let told = database.query("SELECT span FROM gone");
    match server.reference() {
        // It shows triggers to everybody.
        Server::Mariadb => {
            assert_told(&done.unwrap_err(), ErrorKind::Privileges);
            assert!(told.is_empty());
        }
        _ => {
            done.unwrap();
            assert_eq!(told, [[Cell::from("s")]]);
        }
    }
}

async fn a_trigger_while_changes_are_logged(server: &TestServer) {
    let user = User::new(server);
    let database = server.at(OLD).await;
    let address = user.of(&*database);
    grant_all(server, &user, &address);
    assert_missing(server, &user, &*database, "SUPER").await;
    let error = to_newest(server, &address).await.unwrap_err();
    assert!(hint(&error).unwrap().contains("log_bin_trust_function_creators"), "{error:?}");
}

async fn a_role_that_does_not_own_the_tables(server: &TestServer) {
    let user = User::new(server);
    let database = server.at(OLD).await;
    let name = user.quoted();
    database.run(&format!(
        "GRANT ALL ON SCHEMA public TO {name}; GRANT ALL ON ALL TABLES IN SCHEMA public TO {name}"
    ));
    assert_missing(server, &user, &*database, "metrics").await;
}

async fn a_role_that_does_not_own_one_table(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database);
    grant_what_it_takes(server, &user, &address);
    upgrade_at(server.catalogue(), &address, Waits::default(), OLD).await.unwrap();
    let other = &server.address().user;
    let name = user.quoted();
    database.run(&format!("ALTER TABLE params OWNER TO {other}; GRANT ALL ON params TO {name}"));
    assert_missing(server, &user, &*database, "params").await;
    database.run(&format!("ALTER TABLE params OWNER TO {}", user.quoted()));
    to_newest(server, &address).await.unwrap();
}

async fn a_role_that_may_not_create_tables(server: &TestServer) {
    let user = User::new(server);
    let database = server.new_database();
    let address = user.of(&*database);
    grant_what_it_takes(server, &user, &address);
    upgrade_at(server.catalogue(), &address, Waits::default(), OLD).await.unwrap();
    let other = &server.address().user;
    database.run(&format!("ALTER DATABASE {} OWNER TO {other}", address.database));
    // Before PostgreSQL 15 everybody may.
    database.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    assert_missing(server, &user, &*database, "CREATE").await;
    database.run(&format!("GRANT CREATE ON SCHEMA public TO {}", user.quoted()));
    to_newest(server, &address).await.unwrap();
}
