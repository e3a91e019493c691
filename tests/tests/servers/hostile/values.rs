//! Values that look like SQL, in everything that an upgrade reads and puts back into a statement: ids
//! by which ranges of rows are told apart, keys, names, and texts of JSON.

use mlflow_migrate_tests::capability::EVERY_REVISION;
use mlflow_migrate_tests::database::{Cell, TestDatabase};
use mlflow_migrate_tests::harness::Test;
use mlflow_migrate_tests::server::TestServer;
use mlflow_migrate_tests::tests;

use super::names::{crowd, extras};
use super::{literal, to_newest};

pub(crate) const TESTS: &[Test] = tests![runs, traces => EVERY_REVISION];

/// Short enough for a run's id. None equals another one where a server ignores case or blanks at the end.
const TEXTS: &[&str] = &[
    "'; DROP TABLE runs; --",
    "' OR ''='",
    "it''s",
    "\"quoted\"",
    "`quoted`",
    "back\\",
    "back\\'slash",
    "\\\\",
    "\\0 \\n \\u0041",
    "-- comment",
    "/* comment",
    "*/ ; #",
    "?",
    "?1 $1 :a @b",
    "%s %d %(a)s 100%",
    "{} {0} {{",
    "$$ $function$",
    "a;b,c(d)e",
    "line\nbreak\r\ttab",
    "NULL",
    "0x41",
    "{\"a\": [1, \"]\"]}",
    "café",
    "\u{7f}\u{1}\u{1f}",
    "日本",
    "e\u{301} \u{200b}\u{feff}",
    "🦀 👩‍👩‍👧",
];

fn texts(server: &TestServer) -> Vec<&'static str> {
    TEXTS.iter().copied().filter(|text| server.holds(text)).collect()
}

fn rows<'a>(parts: impl Iterator<Item = String> + 'a) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// The rows of a query as pairs of texts, in an order that no collation has a say in.
fn pairs(database: &dyn TestDatabase, sql: &str) -> Vec<(String, String)> {
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    let found = database.query(sql);
    let mut pairs: Vec<(String, String)> =
        found.iter().map(|row| (text(&row[0]), text(&row[1]))).collect();
    pairs.sort();
    pairs
}

#[track_caller]
fn assert_same(found: &[(String, String)], expected: &[(String, String)], sql: &str) {
    let missing: Vec<_> = expected.iter().filter(|pair| !found.contains(pair)).collect();
    let extra: Vec<_> = found.iter().filter(|pair| !expected.contains(pair)).collect();
    assert!(found == expected, "{sql}: missing {missing:?}, not expected {extra:?}");
}

fn sorted(pairs: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = pairs.collect();
    pairs.sort();
    pairs
}

/// Each text is a run's id, its user, and the name of its experiment, of a metric, a parameter and a tag.
async fn runs(server: &TestServer) {
    let database = server.at("base").await;
    let texts = texts(server);
    let numbered = || (1_i64..).zip(&texts).map(|(number, text)| (number, literal(text)));
    let experiments = rows(numbered().map(|(number, text)| format!("({number}, {text})")));
    let runs = rows(numbered().map(|(n, text)| format!("({text}, {text}, {text}, {n})")));
    let keyed = rows(numbered().map(|(_, text)| format!("({text}, {text}, {text})")));
    let every = |number: i64| {
        rows(numbered().map(|(n, text)| format!("({text}, {n}.5, {number}, {text})")))
    };
    database.run(&format!(
        r#"INSERT INTO experiments (experiment_id, name) VALUES {experiments};
           INSERT INTO runs (run_uuid, name, user_id, experiment_id) VALUES {runs};
           INSERT INTO tags ("key", value, run_uuid) VALUES {keyed};
           INSERT INTO params ("key", value, run_uuid) VALUES {keyed};
           INSERT INTO metrics ("key", value, timestamp, run_uuid) VALUES {}, {}"#,
        every(1),
        every(2)
    ));
    crowd(server, &*database);
    let seen = extras(server, &*database).await;
    to_newest(server, &*database).await;
    assert_eq!(extras(server, &*database).await, seen);
    let twice = || sorted(texts.iter().map(|text| ((*text).to_owned(), (*text).to_owned())));
    for sql in [
        "SELECT run_uuid, name FROM runs",
        "SELECT e.name, r.run_uuid FROM runs r JOIN experiments e ON e.experiment_id = r.experiment_id",
        r#"SELECT run_uuid, "key" FROM params WHERE value = "key""#,
        r#"SELECT run_uuid, value FROM tags WHERE "key" = value"#,
        r#"SELECT run_uuid, value FROM tags WHERE "key" = 'mlflow.user'"#,
        r#"SELECT run_uuid, "key" FROM latest_metrics WHERE timestamp = 2"#,
    ] {
        assert_same(&pairs(&*database, sql), &twice(), sql);
    }
    let metrics = database.query("SELECT count(*) FROM metrics");
    assert_eq!(metrics, [[Cell::from(2 * i64::try_from(texts.len()).unwrap())]]);
}

const BEFORE_TRACES: &str = "b7e2c1a4d9f3";

/// Each text is a trace's id, its name and session, a span's id, its model and provider, an
/// assessment's id and name, an issue's id and one of its categories.
async fn traces(server: &TestServer) {
    let database = server.at(BEFORE_TRACES).await;
    let texts = texts(server);
    let of = |row: fn(&str, &str) -> String| {
        rows(texts.iter().map(|text| row(&literal(text), &json(text))))
    };
    let models = of(|text, json| {
        let both = format!(r#"{{"mlflow.llm.model": {json}, "mlflow.llm.provider": {json}}}"#);
        format!("({text}, 1, {text}, {text}, 'OK', 10, 25, '{{}}', {})", literal(&both))
    });
    let categories = of(|text, json| {
        format!("({text}, 1, {text}, '', 'open', {}, 1, 1)", literal(&format!("[{json}]")))
    });
    database.run(&format!(
        r#"INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
           INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES {};
           INSERT INTO trace_tags (request_id, "key", value) VALUES {};
           INSERT INTO trace_request_metadata (request_id, "key", value) VALUES {};
           INSERT INTO spans (trace_id, experiment_id, span_id, name, status, start_time_unix_nano,
            end_time_unix_nano, content, dimension_attributes) VALUES {models};
           INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value,
            created_timestamp, last_updated_timestamp, source_type, valid) VALUES {};
           INSERT INTO issues (issue_id, experiment_id, name, description, status, categories,
            created_timestamp, last_updated_timestamp) VALUES {categories}"#,
        of(|text, _| format!("({text}, 1, 100, 'OK')")),
        of(|text, _| format!("({text}, 'mlflow.traceName', {text}), ({text}, {text}, {text})")),
        of(|text, _| format!("({text}, 'mlflow.trace.session', {text})")),
        of(|text, json| format!(
            "({text}, {text}, {text}, 'feedback', {}, 0, 0, 'HUMAN', TRUE)",
            literal(json)
        )),
    ));
    crowd(server, &*database);
    to_newest(server, &*database).await;
    let twice = sorted(texts.iter().map(|text| ((*text).to_owned(), (*text).to_owned())));
    for sql in [
        "SELECT request_id, trace_name FROM trace_info",
        "SELECT request_id, session_id FROM trace_info",
        r#"SELECT request_id, "key" FROM trace_tags WHERE "key" = value"#,
        "SELECT trace_id, model_name FROM spans WHERE span_id = trace_id",
        "SELECT trace_id, model_provider FROM spans",
        "SELECT assessment_id, name FROM assessments WHERE trace_id = name",
        "SELECT issue_id, category FROM issue_categories",
    ] {
        assert_same(&pairs(&*database, sql), &twice, sql);
    }
}

/// A text in JSON, as Python writes it.
fn json(text: &str) -> String {
    let escaped = |one: u16| match char::from_u32(one.into()) {
        Some(plain)
            if plain.is_ascii_graphic() && plain != '"' && plain != '\\' || plain == ' ' =>
        {
            plain.to_string()
        }
        _ => format!("\\u{one:04x}"),
    };
    let units: Vec<String> = text.encode_utf16().map(escaped).collect();
    format!("\"{}\"", units.concat())
}
