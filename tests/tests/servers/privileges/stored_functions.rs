//! What other users have put beside the functions of MySQL and MariaDB.
//!
//! A server knows its own functions first. Where it has none of a name, the name means a stored
//! function of the database, which can run with the rights of whoever calls it. So a statement may
//! only call what the server at hand has.

use mlflow_migrate_core::UpgradeOptions;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::report::{check, doctor, estimate, status, verify};
use mlflow_migrate_tests::capability::MYSQL;
use mlflow_migrate_tests::conformance::assert_at;
use mlflow_migrate_tests::connect::open;
use mlflow_migrate_tests::database::{Cell, TestDatabase, Waits};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::{TestServer, query};
use mlflow_migrate_tests::tests;

use crate::common::{address_of, to_newest};

pub(crate) const TESTS: &[Test] = tests![nothing_stored_is_called => MYSQL];

const OLD: &str = "451aebb31d03";

/// Functions that some versions of MySQL or MariaDB have, and others have not, by their number of
/// arguments.
const OF_SOME_VERSIONS: [&[&str]; 4] = [
    &[
        "current_role",
        "icu_version",
        "ps_current_thread_id",
        "release_all_locks",
        "roles_graphml",
        "sys_guid",
        "uuid_v4",
        "uuid_v7",
    ],
    &[
        "any_value",
        "bin_to_uuid",
        "chr",
        "crc32c",
        "format_bytes",
        "format_pico_time",
        "from_base64",
        "grouping",
        "inet6_aton",
        "is_uuid",
        "json_arrayagg",
        "json_depth",
        "json_detailed",
        "json_keys",
        "json_length",
        "json_pretty",
        "json_quote",
        "json_storage_size",
        "json_type",
        "json_unquote",
        "json_valid",
        "lastval",
        "lengthb",
        "natural_sort_key",
        "nextval",
        "ps_thread_id",
        "random_bytes",
        "statement_digest",
        "statement_digest_text",
        "to_base64",
        "to_char",
        "typeof",
        "uuid_to_bin",
        "weight_string",
    ],
    &[
        "gtid_subset",
        "gtid_subtract",
        "json_array",
        "json_contains",
        "json_exists",
        "json_extract",
        "json_merge",
        "json_object",
        "json_objectagg",
        "json_query",
        "json_remove",
        "json_schema_valid",
        "json_value",
        "nvl",
        "regexp_instr",
        "regexp_like",
        "regexp_substr",
        "setval",
        "sformat",
        "wait_for_executed_gtid_set",
    ],
    &["json_contains_path", "json_replace", "json_set", "nvl2", "regexp_replace"],
];

/// The variable in which a trap leaves a number from [`SPRUNG`] on. No rollback takes that back, and
/// a transaction that only reads may do so.
const VARIABLE: &str = "max_connect_errors";
const SPRUNG: usize = 7_700_000;

/// The names of all traps, in the order of their numbers.
fn names() -> impl Iterator<Item = &'static str> {
    OF_SOME_VERSIONS.into_iter().flatten().copied()
}

/// Puts traps beside the server's own functions. One of a name that the server knows never springs.
fn plant(database: &dyn TestDatabase) {
    let mut number = SPRUNG;
    for (arguments, names) in OF_SOME_VERSIONS.iter().enumerate() {
        let arguments: Vec<String> = (0..arguments).map(|it| format!("a{it} text")).collect();
        for name in *names {
            database.run(&format!(
                "CREATE FUNCTION `{name}` ({}) RETURNS text NO SQL SQL SECURITY INVOKER \
                 BEGIN SET GLOBAL {VARIABLE} = {number}; RETURN NULL; END",
                arguments.join(", ")
            ));
            number += 1;
        }
    }
}

/// The name of the function that was called last.
fn sprung(server: &TestServer) -> Option<&'static str> {
    match query(server.address(), &format!("SELECT @@global.{VARIABLE}"))[0][0] {
        Cell::Integer(value) => names().nth(usize::try_from(value).unwrap().checked_sub(SPRUNG)?),
        ref other => panic!("{other:?}"),
    }
}

async fn nothing_stored_is_called(server: &TestServer) {
    let database = server.at(OLD).await;
    plant(&*database);
    let forget = format!("SET GLOBAL {VARIABLE} = DEFAULT");
    query(server.address(), &forget);
    let address = address_of(&*database);
    let (mut backend, catalogue) =
        (open(&address, Waits::default()).await.unwrap(), server.catalogue());
    status::status(&mut *backend, catalogue, None).await.unwrap();
    status::upgraders(&mut *backend).await.unwrap();
    check::check(&mut *backend, catalogue, None).await.unwrap();
    verify::verify(&mut *backend, catalogue, None, true).await.unwrap();
    assert_eq!(sprung(server), None, "reading");
    let request = UpgradeOptions::to(Target::parse(server.head()));
    doctor::diagnose(&mut *backend, catalogue, &request).await.unwrap();
    let options = estimate::EstimateOptions::default();
    estimate::estimate(&mut *backend, catalogue, &request, options).await.unwrap();
    assert_eq!(sprung(server), None, "doctor, estimate");
    to_newest(server, &address).await.unwrap();
    assert_eq!(sprung(server), None, "upgrade");
    assert_at(server, &*database, server.head()).await;
    // The traps are armed: no server has both of these.
    database.query("SELECT sformat('', '')");
    let armed = if sprung(server).is_some() {
        sprung(server)
    } else {
        database.query("SELECT icu_version()");
        sprung(server)
    };
    query(server.address(), &forget);
    assert!(matches!(armed, Some("sformat" | "icu_version")), "{armed:?}");
}
