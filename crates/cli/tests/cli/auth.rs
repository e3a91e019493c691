//! The auth app's tables: recognised by themselves, beside a tracking store, and after a kill.

use serde_json::{Value, json};

use crate::sandbox::{HEAD, Sandbox};

const AUTH_HEAD: &str = "f1a2b3c4d5e6";

/// A database `mlruns.db` with the auth app's tables at a revision, and a permission.
fn with_auth(revision: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let created =
        sandbox.run(&["upgrade", "mlruns.db", "--create", "--graph", "auth", "--to", revision]);
    assert_eq!(created.code, 0, "{}", created.stderr);
    sandbox.sql(
        "INSERT INTO users (id, username) VALUES (3, 'ann');
         INSERT INTO experiment_permissions (experiment_id, user_id, permission)
            VALUES ('7', 3, 'EDIT')",
    );
    sandbox
}

/// A database with both graphs, each behind its head.
fn with_both() -> Sandbox {
    let sandbox = with_auth("8606fa83a998");
    let tracking = ["upgrade", "mlruns.db", "--graph", "tracking", "--assume", "empty"];
    assert_eq!(sandbox.run(&[&tracking[..], &["--to", "2.9.2"]].concat()).code, 0);
    sandbox
}

/// The versions of both graphs; `None` without the table.
fn versions(sandbox: &Sandbox) -> [Option<String>; 2] {
    ["alembic_version", "alembic_version_auth"].map(|table| {
        let version = format!("SELECT version_num FROM {table}");
        sandbox.connect().query_one(&version, [], |row| row.get(0)).ok()
    })
}

/// The results among the lines of a run: graph, event, and a value of each.
fn results(lines: &[Value], event: &str, key: &str) -> Vec<[Value; 2]> {
    let results = lines.iter().filter(|line| line["event"] == event);
    results.map(|line| [line["graph"].clone(), line[key].clone()]).collect()
}

#[test]
fn an_auth_database_is_recognised_by_itself() {
    let sandbox = with_auth("8606fa83a998");
    let current = sandbox.run(&["current", "mlruns.db", "--json"]).json();
    assert_eq!(results(&current, "current", "revision"), [[json!("auth"), json!("8606fa83a998")]]);
    assert_eq!(sandbox.run(&["check", "mlruns.db"]).code, 1);
    let plan = sandbox.run(&["plan", "mlruns.db", "--json"]).json();
    assert_eq!(results(&plan, "plan", "to"), [[json!("auth"), json!(AUTH_HEAD)]]);
    let upgraded = sandbox.run(&["upgrade", "mlruns.db", "--json", "--backup"]);
    let lines = upgraded.json();
    assert!(lines.iter().all(|line| line["graph"] == "auth"), "{}", upgraded.stdout);
    assert_eq!(results(&lines, "finished", "to"), [[json!("auth"), json!(AUTH_HEAD)]]);
    assert_eq!(versions(&sandbox), [None, Some(AUTH_HEAD.to_owned())]);
    assert_eq!(sandbox.run(&["check", "mlruns.db"]).code, 0);
    let restored = sandbox.run(&["restore", "mlruns.db", "--json"]).json();
    assert_eq!(results(&restored, "restore", "revision"), [[json!("auth"), json!("8606fa83a998")]]);
}

#[test]
fn no_command_takes_an_auth_database_for_a_tracking_store() {
    let sandbox = with_auth("head");
    let commands: [&[&str]; 8] = [
        &["upgrade", "mlruns.db", "--assume", "empty"],
        &["upgrade", "mlruns.db", "--graph", "tracking"],
        &["plan", "mlruns.db", "--sql"],
        &["doctor", "mlruns.db"],
        &["verify", "mlruns.db"],
        &["status", "mlruns.db"],
        &["history", "mlruns.db"],
        &["copy", "mlruns.db", "new.db"],
    ];
    let told: Vec<String> = commands
        .iter()
        .map(|arguments| {
            let before = sandbox.files();
            let ran = sandbox.run(arguments);
            assert!(sandbox.files() == before, "{arguments:?} has changed files");
            assert_ne!(ran.code, 0, "{arguments:?}");
            format!("$ mlflow-migrate {}\n{}{}", arguments.join(" "), ran.stdout, ran.untimed())
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
    // Whoever says so gets both.
    let both = ["upgrade", "mlruns.db", "--graph", "tracking", "--assume", "empty"];
    assert_eq!(sandbox.run(&both).code, 0);
    assert_eq!(versions(&sandbox), [HEAD, AUTH_HEAD].map(|head| Some(head.to_owned())));
}

#[test]
fn both_graphs_are_upgraded_the_tracking_store_first() {
    let sandbox = with_both();
    let lines = sandbox.run(&["upgrade", "mlruns.db", "--json", "--report", "report"]).json();
    let expected = [[json!("tracking"), json!(HEAD)], [json!("auth"), json!(AUTH_HEAD)]];
    assert_eq!(results(&lines, "finished", "to"), expected);
    assert_eq!(versions(&sandbox), [HEAD, AUTH_HEAD].map(|head| Some(head.to_owned())));
    let checked = sandbox.run(&["check", "mlruns.db"]);
    assert_eq!(checked.code, 0, "{}", checked.stdout);
    assert!(checked.stdout.contains("MLflow's auth app:"), "{}", checked.stdout);
    assert!(!checked.stdout.contains("extra"), "{}", checked.stdout);
}

#[test]
fn arguments_for_one_graph_need_its_name() {
    let sandbox = with_both();
    let told = ["+1", HEAD, "acf3f17fdcc7", "2.4.0"]
        .map(|target| sandbox.refused(&["upgrade", "mlruns.db", "--to", target]));
    insta::assert_snapshot!(told.join("\n"));
    let narrowed = ["upgrade", "mlruns.db", "--graph", "auth", "--to", "+1"];
    assert_eq!(sandbox.run(&narrowed).code, 0);
    assert_eq!(versions(&sandbox)[1].as_deref(), Some("0965eb92f5f0"));
    // MLflow 3.10 has a revision of each.
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--to", "3.10.0"]).code, 0);
    assert_eq!(versions(&sandbox), ["1b5f0d9ad7c1", "2ed73881770d"].map(|id| Some(id.to_owned())));
}

#[test]
fn one_graph_is_downgraded() {
    let sandbox = with_auth("c3d4e5f6a7b8");
    let to = ["downgrade", "mlruns.db", "--to", "2ed73881770d", "--json"];
    let preview = sandbox.run(&[&to[..], &["--dry-run"]].concat()).json();
    let expected = [[json!("auth"), json!("2ed73881770d")]];
    assert_eq!(results(&preview, "downgrade_preview", "to"), expected);
    assert_eq!(results(&sandbox.run(&to).json(), "downgrade", "to"), expected);
    assert_eq!(versions(&sandbox), [None, Some("2ed73881770d".to_owned())]);
    let both = with_both();
    let unclear = both.refused(&["downgrade", "mlruns.db", "--to", "base"]);
    insta::assert_snapshot!(unclear);
    let named = ["downgrade", "mlruns.db", "--to", "2.8.0", "--graph", "tracking"];
    let ran = both.run(&named);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let losing = both.run(&["downgrade", "mlruns.db", "--to", "base", "--graph", "auth"]);
    assert_eq!(losing.code, 25, "{}", losing.stderr);
    assert_eq!(versions(&both), ["acf3f17fdcc7", "8606fa83a998"].map(|id| Some(id.to_owned())));
}

#[test]
fn a_failure_of_the_second_upgrade_tells_what_the_first_has_done() {
    let sandbox = with_both();
    sandbox.sql("CREATE TABLE roles (id INTEGER PRIMARY KEY, own VARCHAR(9))");
    let ran = sandbox.run(&["upgrade", "mlruns.db"]);
    assert_ne!(ran.code, 0);
    assert!(
        ran.stderr.contains("MLflow's tracking store is upgraded, and at f4a9b2c7d1e6"),
        "{}",
        ran.stderr
    );
    assert!(ran.stderr.contains("hint: as for MLflow's auth app: the database"), "{}", ran.stderr);
    assert!(ran.stdout.contains(HEAD), "{}", ran.stdout);
    assert_eq!(versions(&sandbox), [HEAD, "8606fa83a998"].map(|id| Some(id.to_owned())));
    sandbox.sql("DROP TABLE roles");
    assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
    assert_eq!(versions(&sandbox)[1].as_deref(), Some(AUTH_HEAD));
}

/// Nothing of a copy that is thrown away is told.
#[test]
fn a_failure_of_the_second_upgrade_of_a_copy_leaves_nothing() {
    let sandbox = with_both();
    sandbox.sql("CREATE TABLE roles (id INTEGER PRIMARY KEY, own VARCHAR(9))");
    let before = std::fs::read(sandbox.path("mlruns.db")).unwrap();
    let ran = sandbox.run(&["upgrade", "mlruns.db", "--into", "new.db"]);
    assert_ne!(ran.code, 0);
    assert_eq!(ran.stdout, "");
    assert!(!ran.stderr.contains("is upgraded"), "{}", ran.stderr);
    assert!(!sandbox.path("new.db").exists());
    assert!(std::fs::read(sandbox.path("mlruns.db")).unwrap() == before);
}

/// The kill may come late: then the graph is done, and never half done.
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
#[test]
fn a_kill_leaves_no_graph_half_done() {
    use crate::kills_at_steps::{End, kill_when_told};

    let states = [["acf3f17fdcc7", HEAD], ["8606fa83a998", AUTH_HEAD]];
    for (graph, step) in [("tracking", 1), ("tracking", 5), ("auth", 1), ("auth", 5)] {
        let sandbox = with_both();
        if graph == "auth" {
            assert_eq!(sandbox.run(&["upgrade", "mlruns.db", "--graph", "tracking"]).code, 0);
        }
        let mut upgrade = sandbox.command(&["upgrade", "mlruns.db", "--json"]);
        kill_when_told(step, End::Begins, &mut upgrade);
        for (version, states) in versions(&sandbox).iter().zip(states) {
            assert!(states.contains(&version.as_deref().unwrap()), "{version:?}");
        }
        let checked = sandbox.run(&["check", "mlruns.db"]);
        assert!(checked.code < 2, "{}", checked.stdout);
        assert_eq!(sandbox.run(&["upgrade", "mlruns.db"]).code, 0);
        assert_eq!(versions(&sandbox), [HEAD, AUTH_HEAD].map(|head| Some(head.to_owned())));
        let grants = "SELECT count(*) FROM role_permissions";
        let grants: i64 = sandbox.connect().query_one(grants, [], |row| row.get(0)).unwrap();
        assert_eq!(grants, 1);
    }
}

/// Each graph of a database on a server is a transaction of its own as well.
#[cfg(all(feature = "postgres", feature = "mysql", target_os = "linux"))]
#[tokio::test]
async fn a_kill_on_a_server_leaves_no_graph_half_done() {
    use mlflow_migrate_tests::server::{TestServer, wait_until_alone};

    use crate::kills_at_steps::{End, kill_when_told};

    let sandbox = Sandbox::new();
    let servers = TestServer::given().unwrap_or_else(|problem| panic!("{problem}"));
    for server in servers.into_iter().filter(TestServer::is_postgres) {
        for (graph, step, end) in [
            ("tracking", 1, End::Ends),
            ("tracking", 40, End::Begins),
            ("auth", 1, End::Begins),
            ("auth", 3, End::Ends),
            ("auth", 5, End::Begins),
        ] {
            let database = server.at("acf3f17fdcc7").await;
            let address = database.address().unwrap();
            let url = address.to_string();
            let run = |arguments: &[&str]| {
                let ran = sandbox.run(arguments);
                assert_eq!(ran.code, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
            };
            run(&["upgrade", &url, "--graph", "auth", "--assume", "empty", "--to", "8606fa83a998"]);
            database.run(
                "INSERT INTO users (id, username) VALUES (3, 'ann');
                 INSERT INTO experiment_permissions (experiment_id, user_id, permission)
                    VALUES ('7', 3, 'EDIT')",
            );
            if graph == "auth" {
                run(&["upgrade", &url, "--graph", "tracking"]);
            }
            // No transaction takes back what a sequence has given.
            let contents = || {
                let contents = String::from_utf8(database.contents()).unwrap();
                let lines = contents.lines().filter(|line| !line.contains("FROM pg_sequences"));
                lines.map(ToOwned::to_owned).collect::<Vec<String>>()
            };
            let before = contents();
            kill_when_told(step, end, &mut sandbox.command(&["upgrade", &url, "--json"]));
            wait_until_alone(&server, address);
            // The kill may come late.
            let is_done = || sandbox.run(&["check", &url, "--graph", graph]).code == 0;
            assert!(contents() == before || is_done(), "{graph}, step {step} {end:?}");
            run(&["upgrade", &url]);
            run(&["check", &url]);
            let versions = "SELECT (SELECT version_num FROM alembic_version), \
                (SELECT version_num FROM alembic_version_auth)";
            assert_eq!(database.query(versions), [[HEAD.into(), AUTH_HEAD.into()]]);
            let grants = "SELECT count(*) FROM role_permissions";
            assert_eq!(database.query(grants), [[mlflow_migrate_tests::database::Cell::from(1)]]);
        }
    }
}

#[test]
fn a_table_of_users_alone_is_nobodys() {
    let sandbox = Sandbox::with_database("CREATE TABLE users (id INTEGER PRIMARY KEY, mail TEXT)");
    let told = sandbox.refused(&["upgrade", "mlruns.db"]);
    assert!(told.contains("none of MLflow's"), "{told}");
}
