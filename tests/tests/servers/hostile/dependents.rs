//! A user's own objects that depend on a column which an upgrade drops.

use mlflow_migrate::hint;
use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::ErrorKind;
use mlflow_migrate_core::event::Event;
use mlflow_migrate_tests::capability::{EVERY_REVISION, MYSQL};
use mlflow_migrate_tests::database::{TestDatabase, Upgrade, upgrade};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::reference::Server;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::is_known;

pub(crate) const TESTS: &[Test] = tests![
    what_keeps_a_column_from_going => EVERY_REVISION,
    what_goes_with_a_column => EVERY_REVISION,
    texts_that_are_checked_to_be_json => EVERY_REVISION => MYSQL,
];

/// Before the revision that drops `spans.dimension_attributes`.
const DROPS: [&str; 2] = ["b7e2c1a4d9f3", "75868b020152"];

/// The object that is to be told, and the statements that make it.
pub(crate) type Object = (&'static str, &'static str);

/// Each of these objects alone is refused before anything has changed. What the hint says puts it
/// right, and with all of them gone the upgrade comes to its end.
pub(crate) async fn each_is_refused(
    server: &TestServer,
    [from, to]: [&str; 2],
    objects: &[(&str, &str)],
) {
    let database = server.at(from).await;
    for (object, create) in objects.iter().filter(|(_, create)| is_known(server, create)) {
        database.run(create);
        refuses(server, &*database, to, object).await;
    }
    upgrade(server.catalogue(), &*database, to).await.unwrap_or_else(|error| panic!("{error}"));
}

pub(crate) async fn refuses(
    server: &TestServer,
    database: &dyn TestDatabase,
    to: &str,
    object: &str,
) {
    let before = database.contents();
    let Err(error) = upgrade(server.catalogue(), database, to).await else {
        panic!("{object} is not refused")
    };
    assert_eq!(error.kind(), ErrorKind::Drift, "{object}: {error:?}");
    assert!(matches!(error, Error::Dependents { .. }), "{object}: {error:?}");
    assert!(database.contents() == before, "{object}: {error}");
    assert!(error.to_string().contains(object), "{object}: {error}");
    let hint = hint(&error).unwrap();
    assert!(hint.starts_with("the database is unchanged"), "{hint}");
    let (_, remedy) = hint.split_once("still needed: ").unwrap_or_else(|| panic!("{hint}"));
    remedy.split_inclusive(';').for_each(|statement| database.run(statement));
}

/// With all of these objects the upgrade comes to its end, and tells of those that are gone.
pub(crate) async fn all_are_taken(
    server: &TestServer,
    [from, to]: [&str; 2],
    objects: &[&str],
) -> (Box<dyn TestDatabase>, Vec<String>) {
    let database = server.at(from).await;
    let known = objects.iter().filter(|create| is_known(server, create));
    known.for_each(|create| database.run(create));
    let (upgraded, events) = Upgrade::default().run(server.catalogue(), &*database, to).await;
    upgraded.unwrap_or_else(|error| panic!("{error}: {error:?}"));
    let told = events.into_iter().filter_map(|event| match event {
        Event::Notice { message } if message.contains("goes with its column") => Some(message),
        _ => None,
    });
    (database, told.collect())
}

async fn what_keeps_a_column_from_going(server: &TestServer) {
    let mut objects: Vec<Object> =
        vec![("view own", "CREATE VIEW own AS SELECT span_id, dimension_attributes FROM spans")];
    objects.extend_from_slice(match server.reference() {
        Server::Sqlite => &[
            (
                "trigger own",
                "CREATE TRIGGER own AFTER UPDATE OF dimension_attributes ON spans \
                 BEGIN SELECT 1; END",
            ),
            (
                "trigger own",
                "CREATE TRIGGER own AFTER INSERT ON spans \
                 WHEN new.\"Dimension_Attributes\" > 1 BEGIN SELECT 1; END",
            ),
            (
                "trigger own",
                "CREATE TRIGGER own AFTER INSERT ON jobs \
                 BEGIN UPDATE spans SET [dimension_attributes] = NULL; END",
            ),
            (
                "generated column own",
                "ALTER TABLE spans ADD COLUMN own TEXT \
                 GENERATED ALWAYS AS (json_extract(dimension_attributes, '$.a')) VIRTUAL",
            ),
            (
                "view own",
                "CREATE VIEW everything AS SELECT * FROM spans; \
                 CREATE VIEW \"every Thing\" AS SELECT e.* FROM Everything AS e; \
                 CREATE VIEW own AS SELECT dimension_attributes FROM [every thing]",
            ),
        ],
        Server::Postgres => &[
            (
                "materialized view own",
                "CREATE MATERIALIZED VIEW own AS SELECT dimension_attributes FROM spans",
            ),
            (
                "rule own on spans",
                "CREATE RULE own AS ON UPDATE TO spans WHERE new.dimension_attributes IS NULL \
                 DO ALSO NOTHING",
            ),
            ("policy own", "CREATE POLICY own ON spans USING (dimension_attributes IS NULL)"),
            (
                "trigger own",
                "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN new; END$$;
                 CREATE TRIGGER own BEFORE UPDATE OF dimension_attributes ON spans \
                 FOR EACH ROW EXECUTE FUNCTION f()",
            ),
            (
                "trigger own",
                "CREATE TRIGGER own BEFORE UPDATE ON spans FOR EACH ROW \
                 WHEN (new.dimension_attributes IS NULL) EXECUTE FUNCTION f()",
            ),
            (
                "trigger own",
                "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN new.dimension_attributes := NULL; RETURN new; END$$;
                 CREATE TRIGGER own BEFORE UPDATE ON spans FOR EACH ROW EXECUTE FUNCTION g()",
            ),
            (
                "publication own",
                "CREATE PUBLICATION own FOR TABLE spans (trace_id, span_id, dimension_attributes)",
            ),
            (
                "function h()",
                "CREATE FUNCTION h() RETURNS bigint BEGIN ATOMIC \
                 SELECT count(dimension_attributes) FROM spans; END",
            ),
            (
                "generated column own",
                "ALTER TABLE spans ADD COLUMN own TEXT \
                 GENERATED ALWAYS AS (dimension_attributes ->> 'a') STORED",
            ),
        ],
        Server::Mysql => &[
            (
                "index own",
                "CREATE INDEX own ON spans \
                 ((CAST(json_extract(dimension_attributes, '$.a') AS CHAR(9))), trace_id)",
            ),
            (
                "CHECK own",
                "ALTER TABLE spans ADD CONSTRAINT own \
                 CHECK (name <> 'its' OR json_length(`Dimension_Attributes`) > 0)",
            ),
            (
                "generated column own",
                "ALTER TABLE spans ADD COLUMN own VARCHAR(9) \
                 GENERATED ALWAYS AS (json_unquote(json_extract(dimension_attributes, '$.a'))) STORED, \
                 ADD COLUMN \"own 2\" VARCHAR(9) GENERATED ALWAYS AS (upper(own)) VIRTUAL, \
                 ADD CONSTRAINT own3 CHECK (\"own 2\" <> name), ADD INDEX own4 ((lower(own)))",
            ),
        ],
        Server::Mysql57 => &[(
            "generated column own",
            "ALTER TABLE spans ADD COLUMN own VARCHAR(9) \
             GENERATED ALWAYS AS (json_unquote(json_extract(dimension_attributes, '$.a'))) STORED, \
             ADD COLUMN own2 VARCHAR(9) GENERATED ALWAYS AS (upper(own)) VIRTUAL",
        )],
        _ => &[
            (
                "CHECK own",
                "ALTER TABLE spans ADD CONSTRAINT own \
                 CHECK (name <> 'it''s' OR json_length(dimension_attributes) > 0)",
            ),
            (
                "CHECK own",
                "ALTER TABLE spans ADD COLUMN own INTEGER NOT NULL DEFAULT 5 \
                 CHECK (own > 1 OR json_length(dimension_attributes) > 0)",
            ),
            (
                "generated column own2",
                "ALTER TABLE spans ADD COLUMN own2 VARCHAR(9) \
                 GENERATED ALWAYS AS (json_unquote(json_extract(dimension_attributes, '$.a'))) STORED, \
                 ADD COLUMN own3 VARCHAR(9) GENERATED ALWAYS AS (upper(own2)) VIRTUAL",
            ),
        ],
    });
    if server.is_mysql() {
        objects.extend_from_slice(&[
            (
                "trigger own5",
                "CREATE TRIGGER own5 BEFORE INSERT ON spans FOR EACH ROW \
                 SET new.dimension_attributes = NULL",
            ),
            (
                "trigger own6",
                "CREATE TRIGGER own6 AFTER INSERT ON jobs FOR EACH ROW \
                 UPDATE spans SET dimension_attributes = NULL",
            ),
        ]);
    }
    each_is_refused(server, DROPS, &objects).await;
}

/// What a server drops with a column goes here too, and is told; what only looks alike stays.
async fn what_goes_with_a_column(server: &TestServer) {
    let (objects, gone): (&[&str], &[&str]) = match server.reference() {
        Server::Sqlite => (
            &[
                "CREATE INDEX own1 ON spans (dimension_attributes)",
                "CREATE INDEX own2 ON spans (trace_id, dimension_attributes)",
                "CREATE INDEX own3 ON spans (json_extract(\"Dimension_Attributes\", '$.a'))",
                "CREATE INDEX own4 ON spans (trace_id) WHERE dimension_attributes IS NOT NULL",
                "ALTER TABLE spans ADD COLUMN own TEXT CONSTRAINT own5 \
                 CHECK (own IS NULL OR dimension_attributes IS NOT NULL)",
                "CREATE INDEX kept ON spans (trace_id) WHERE name <> 'dimension_attributes'",
            ],
            &["index own1", "index own2", "index own3", "index own4", "CHECK own5"],
        ),
        Server::Postgres => (
            &[
                "CREATE INDEX own1 ON spans ((dimension_attributes ->> 'a'))",
                "CREATE UNIQUE INDEX own2 ON spans (trace_id, (dimension_attributes ->> 'a'))",
                "CREATE INDEX own3 ON spans (trace_id) WHERE dimension_attributes IS NOT NULL",
                "CREATE INDEX own4 ON spans (trace_id) INCLUDE (dimension_attributes)",
                "ALTER TABLE spans ADD CONSTRAINT own5 CHECK (dimension_attributes IS NOT NULL)",
                "ALTER TABLE spans ADD CONSTRAINT own6 \
                 CHECK (dimension_attributes IS NULL OR trace_id > 'a')",
                "ALTER TABLE spans ADD CHECK (dimension_attributes::text <> '')",
                "CREATE STATISTICS own7 ON trace_id, (dimension_attributes ->> 'a') FROM spans",
                "CREATE INDEX kept ON spans (trace_id) WHERE name <> 'dimension_attributes'",
                "ALTER TABLE spans ADD CONSTRAINT kept CHECK (name <> 'dimension_attributes')",
            ],
            &[
                "index own1",
                "index own2",
                "index own3",
                "index own4",
                "CHECK own5",
                "CHECK own6",
                "CHECK spans_dimension_attributes_check",
            ],
        ),
        Server::Mysql => (
            &[
                "ALTER TABLE spans ADD CONSTRAINT own1 CHECK (json_length(dimension_attributes) > 0)",
                "ALTER TABLE spans ADD CHECK (json_valid(dimension_attributes))",
                "ALTER TABLE spans ADD CONSTRAINT kept CHECK (name <> 'dimension_attributes')",
                "CREATE INDEX kept ON spans ((left(concat(name, 'dimension_attributes'), 9)))",
            ],
            &["CHECK own1", "CHECK spans_chk_1"],
        ),
        // It can neither check JSON, nor have an index of it.
        Server::Mysql57 => (&["CREATE INDEX kept ON spans (name(9))"], &[]),
        _ => (
            &[
                "ALTER TABLE spans ADD CONSTRAINT own1 CHECK (json_length(dimension_attributes) > 0)",
                "ALTER TABLE spans ADD CHECK (json_length(dimension_attributes) < 99)",
                "ALTER TABLE spans ADD CONSTRAINT kept CHECK (name <> 'dimension_attributes')",
                "CREATE INDEX own2 ON spans (dimension_attributes(10))",
                "CREATE INDEX own3 ON spans (trace_id, dimension_attributes(10))",
            ],
            &["CHECK own1", "CHECK CONSTRAINT_1", "index own2", "a part of index own3"],
        ),
    };
    let (database, mut told) = all_are_taken(server, DROPS, objects).await;
    let mut expected: Vec<String> = gone
        .iter()
        .map(|object| format!("{object} of spans goes with its column dimension_attributes"))
        .collect();
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    again(server, &*database).await;
}

/// What a dump of MariaDB's makes of JSON on MySQL: other types, which are drift, and a CHECK each.
async fn texts_that_are_checked_to_be_json(server: &TestServer) {
    let database = server.at(DROPS[0]).await;
    database.run(
        "ALTER TABLE spans MODIFY dimension_attributes LONGTEXT; \
         ALTER TABLE spans ADD CONSTRAINT own CHECK (json_valid(dimension_attributes))",
    );
    let accepting = Upgrade { accept_drift: true, ..Upgrade::default() };
    let (upgraded, _) = accepting.run(server.catalogue(), &*database, DROPS[1]).await;
    upgraded.unwrap_or_else(|error| panic!("{error}"));
    again(server, &*database).await;
}

/// Nothing is to be done, and nothing wrong, when the newest revision is reached.
pub(crate) async fn again(server: &TestServer, database: &dyn TestDatabase) {
    let report = upgrade(server.catalogue(), database, server.head()).await;
    report.unwrap_or_else(|error| panic!("{error}"));
    let mut backend = database.connect().await.unwrap();
    let checked =
        mlflow_migrate_core::report::check::check(&mut *backend, server.catalogue(), None).await;
    assert!(checked.unwrap().drift.is_empty());
}
