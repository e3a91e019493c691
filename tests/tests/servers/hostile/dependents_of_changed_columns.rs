//! A user's own objects that depend on a column which an upgrade renames or gives another type.

use mlflow_migrate_tests::capability::{EVERY_REVISION, POSTGRES};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::dependents::{Object, again, all_are_taken, each_is_refused};

pub(crate) const TESTS: &[Test] = tests![
    what_follows_a_renamed_column => EVERY_REVISION,
    what_keeps_a_column_from_being_renamed => EVERY_REVISION,
    what_follows_a_retyped_column,
    what_keeps_a_column_from_being_retyped => POSTGRES,
];

/// Before the one that renames `jobs.function_fullname` to `job_name`.
const RENAMES: [&str; 2] = ["b7c8d9e0f1a2", "5d2d30f0abce"];

/// The server renames the column where it is named, and so does the plan.
async fn what_follows_a_renamed_column(server: &TestServer) {
    let objects: &[&str] = match server.reference() {
        Server::Sqlite => &[
            "CREATE INDEX own1 ON jobs (function_fullname)",
            "CREATE INDEX own2 ON jobs (lower(function_fullname))",
            "CREATE INDEX own3 ON jobs (status) WHERE function_fullname <> 'function_fullname'",
            "CREATE VIEW own4 AS SELECT function_fullname FROM jobs",
            "CREATE TRIGGER own5 AFTER UPDATE OF function_fullname ON jobs \
             BEGIN UPDATE jobs SET function_fullname = new.function_fullname WHERE 0; END",
            "ALTER TABLE jobs ADD COLUMN own6 TEXT AS (lower(\"function_fullname\"))",
            "ALTER TABLE jobs ADD COLUMN own7 TEXT CHECK (own7 <> function_fullname)",
        ],
        Server::Postgres => &[
            "CREATE INDEX own1 ON jobs (function_fullname)",
            "CREATE INDEX own2 ON jobs (lower(function_fullname))",
            "CREATE INDEX own3 ON jobs (status) INCLUDE (function_fullname) \
             WHERE function_fullname <> 'function_fullname'",
            "CREATE VIEW own4 AS SELECT function_fullname FROM jobs",
            "ALTER TABLE jobs ADD COLUMN own6 TEXT \
             GENERATED ALWAYS AS (lower(function_fullname)) STORED",
            "ALTER TABLE jobs ADD CONSTRAINT own7 CHECK (function_fullname <> 'function_fullname')",
            "CREATE STATISTICS own8 ON function_fullname, status FROM jobs",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
             CREATE TRIGGER own9 BEFORE UPDATE OF function_fullname ON jobs FOR EACH ROW \
             WHEN (new.function_fullname > '') EXECUTE FUNCTION f()",
            "CREATE PUBLICATION own FOR TABLE jobs (id, function_fullname)",
        ],
        Server::Mysql | Server::Mysql57 => &["CREATE INDEX own1 ON jobs (function_fullname(20))"],
        _ => &[
            "CREATE INDEX own1 ON jobs (function_fullname(20))",
            "ALTER TABLE jobs ADD COLUMN own2 VARCHAR(500) AS (lower(function_fullname)) VIRTUAL",
            "ALTER TABLE jobs ADD CONSTRAINT own3 \
             CHECK (function_fullname <> 'function_fullname' OR status > 0)",
            "ALTER TABLE jobs MODIFY function_fullname VARCHAR(500) NOT NULL \
             CHECK (function_fullname <> 'it''s function_fullname')",
        ],
    };
    let (database, _) = all_are_taken(server, RENAMES, objects).await;
    if server.is_sqlite() {
        database.run("SELECT job_name FROM own4 LIMIT 0");
    }
    let insert = "INSERT INTO jobs (id, creation_time, job_name, params, status, retry_count, \
                  last_update_time) VALUES ('a', 1, 'n', '{}', 1, 0, 1)";
    database.run(insert);
    database.run("UPDATE jobs SET job_name = 'm'");
    again(server, &*database).await;
    database.run("UPDATE jobs SET job_name = 'o'");
    // At once to the newest revision, with everything else that the table is asked for.
    let (database, _) = all_are_taken(server, [RENAMES[0], "head"], objects).await;
    if server.is_sqlite() {
        database.run("SELECT job_name FROM own4 LIMIT 0");
    }
    database.run(&insert.replace("(id,", "(workspace, id,").replace("('a',", "('w', 'a',"));
    database.run("UPDATE jobs SET job_name = 'm'");
}

async fn what_keeps_a_column_from_being_renamed(server: &TestServer) {
    let mut objects: Vec<Object> = Vec::new();
    if matches!(server.reference(), Server::Mysql | Server::Mysql57) {
        objects.push((
            "generated column own2",
            "ALTER TABLE jobs ADD COLUMN own2 VARCHAR(500) AS (lower(function_fullname)) VIRTUAL",
        ));
    }
    if server.reference() == Server::Mysql {
        objects.extend_from_slice(&[
            ("index own1", "CREATE INDEX own1 ON jobs ((lower(function_fullname)))"),
            ("CHECK own3", "ALTER TABLE jobs ADD CONSTRAINT own3 CHECK (function_fullname <> '')"),
        ]);
    }
    if server.is_mysql() {
        objects.extend_from_slice(&[
            ("view own4", "CREATE VIEW own4 AS SELECT * FROM jobs AS j"),
            (
                "trigger own5",
                "CREATE TRIGGER own5 BEFORE INSERT ON jobs FOR EACH ROW \
                 SET new.function_fullname = 'a'",
            ),
            (
                "trigger own6",
                "CREATE TRIGGER own6 BEFORE INSERT ON spans FOR EACH ROW \
                 UPDATE jobs SET function_fullname = 'a'",
            ),
        ]);
    }
    if server.is_postgres() {
        objects.push((
            "trigger own5",
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \
             $$BEGIN new.function_fullname := 'a'; RETURN new; END$$;
             CREATE TRIGGER own5 BEFORE UPDATE ON jobs FOR EACH ROW EXECUTE FUNCTION f()",
        ));
    }
    each_is_refused(server, RENAMES, &objects).await;
}

/// Each table with a column that gets another type, and the revisions before and after.
const RETYPES: [(&str, &str, [&str; 2]); 3] = [
    ("params", "value", ["cc1f77228345", "2d6e25af4d3e"]),
    ("model_version_tags", "value", ["4465047574b1", "bda7b8c39065"]),
    ("runs", "status", ["2b4d017a5e9b", "cfd24bdc0731"]),
];

async fn what_follows_a_retyped_column(server: &TestServer) {
    for (table, column, revisions) in RETYPES {
        let index = match server.reference() {
            Server::Sqlite | Server::Postgres => vec![
                format!("CREATE INDEX own1 ON {table} (lower({column}))"),
                format!("CREATE INDEX own2 ON {table} ({column}) WHERE {column} <> 'x'"),
            ],
            Server::Mysql => vec![format!("CREATE INDEX own1 ON {table} ((left({column}, 9)))")],
            _ => vec![format!("CREATE INDEX own1 ON {table} ({column}(5))")],
        };
        let mut objects = index;
        objects.extend(match server.reference() {
            Server::Sqlite => vec![
                format!("ALTER TABLE {table} ADD COLUMN own3 TEXT AS (upper({column}))"),
                format!("ALTER TABLE {table} ADD COLUMN own4 TEXT CHECK (own4 <> {column})"),
                format!(
                    "CREATE TRIGGER own5 AFTER UPDATE OF {column} ON {table} \
                     WHEN new.{column} > '' BEGIN SELECT 1; END"
                ),
            ],
            Server::Postgres => vec![
                format!(
                    "ALTER TABLE {table} ADD CONSTRAINT own3 CHECK (length({column}) > 0), \
                     ADD CONSTRAINT own4 CHECK ({column} <> 'x'), \
                     ADD CONSTRAINT own8 CHECK ({column} IN ('a', 'b', 'RUNNING'))"
                ),
                format!("CREATE STATISTICS own6 ON {column}, run_uuid FROM {table}")
                    .replace("run_uuid FROM model_version_tags", "name FROM model_version_tags"),
                format!("CREATE PUBLICATION own FOR TABLE {table}"),
            ],
            Server::Mysql56 | Server::Mysql57 => Vec::new(),
            _ => vec![
                format!(
                    "ALTER TABLE {table} ADD COLUMN own3 CHAR(9) AS (left({column}, 9)) STORED"
                ),
                format!(
                    "ALTER TABLE {table} ADD COLUMN own4 CHAR(9) AS (left({column}, 9)) VIRTUAL"
                ),
                format!(
                    "ALTER TABLE {table} ADD CONSTRAINT own5 \
                     CHECK (length({column}) > 0 OR {column} = 'x')"
                ),
            ],
        });
        if !server.is_postgres() {
            objects.push(format!("CREATE VIEW own7 AS SELECT {column} FROM {table}"));
        }
        let objects: Vec<&str> = objects.iter().map(String::as_str).collect();
        let (database, _) = all_are_taken(server, revisions, &objects).await;
        again(server, &*database).await;
    }
}

async fn what_keeps_a_column_from_being_retyped(server: &TestServer) {
    for (table, column, revisions) in RETYPES {
        let objects = [
            ("view own", format!("CREATE VIEW own AS SELECT {column} FROM {table}")),
            (
                "rule own on",
                format!(
                    "CREATE RULE own AS ON UPDATE TO {table} WHERE new.{column} = 'x' \
                     DO INSTEAD NOTHING"
                ),
            ),
            ("policy own", format!("CREATE POLICY own ON {table} USING ({column} <> 'x')")),
            (
                "trigger own",
                format!(
                    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS \
                     $$BEGIN RETURN new; END$$;
                     CREATE TRIGGER own BEFORE UPDATE OF {column} ON {table} FOR EACH ROW \
                     EXECUTE FUNCTION f()"
                ),
            ),
            (
                "publication own",
                format!("CREATE PUBLICATION own FOR TABLE {table} WHERE ({column} <> 'x')"),
            ),
            (
                "generated column own",
                format!(
                    "ALTER TABLE {table} ADD COLUMN own TEXT \
                     GENERATED ALWAYS AS (upper({column})) STORED"
                ),
            ),
        ];
        let objects: Vec<(&str, &str)> =
            objects.iter().map(|(object, create)| (*object, create.as_str())).collect();
        each_is_refused(server, revisions, &objects).await;
    }
}
