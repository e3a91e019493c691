//! Finds spans whose model and provider names are too long for the indexes of 75868b020152.
//!
//! A row of an index holds at most 2704 bytes, after compression. Only the server knows the
//! compressed length. So the few long names are inserted into an index of the same columns, within
//! a savepoint that is rolled back.

use mlflow_migrate_core::Error;
use mlflow_migrate_core::error::RowProblem;
use mlflow_migrate_core::plan::Plan;
use mlflow_migrate_core::schema::Schema;
use sqlx::Row as _;

use crate::database::Postgres;
use crate::error::from_server;
use crate::statements;

const ACTION: &str = "looking for long names of models";

/// Counts the candidates: a JSON document's text is never shorter than the names in it.
const CANDIDATES: &str =
    "SELECT count(*) FROM spans WHERE octet_length(dimension_attributes::text) > 2500";

const PREPARE: &str = "SAVEPOINT wide_names; \
    CREATE TEMP TABLE mlflow_migrate_names (\
        trace_id varchar(50), start_time_unix_nano bigint, input_cost double precision, \
        output_cost double precision, total_cost double precision, \
        model_name varchar(500), model_provider varchar(500)); \
    CREATE TEMP TABLE mlflow_migrate_wide (trace_id varchar(50), span_id varchar(50)); \
    CREATE INDEX ON pg_temp.mlflow_migrate_names (trace_id, start_time_unix_nano) INCLUDE \
        (input_cost, output_cost, total_cost, model_name, model_provider)";

/// Tries the names of spans that have a cost, since the index holds no other spans.
const TRY: &str = "DO $$ DECLARE span record; BEGIN FOR span IN \
        SELECT s.trace_id, s.span_id, s.start_time_unix_nano, c.*, \
            left(d.document ->> 'mlflow.llm.model', 500) AS model_name, \
            left(d.document ->> 'mlflow.llm.provider', 500) AS model_provider \
        FROM (SELECT trace_id, span_id, start_time_unix_nano, \
                dimension_attributes::text::json AS document \
            FROM spans WHERE octet_length(dimension_attributes::text) > 2500) AS s \
        CROSS JOIN LATERAL (SELECT CASE json_typeof(s.document) \
            WHEN 'string' THEN (s.document #>> '{}')::json ELSE s.document END AS document) AS d \
        CROSS JOIN LATERAL (SELECT \
            max(m.value) FILTER (WHERE m.key = 'input_cost') AS input_cost, \
            max(m.value) FILTER (WHERE m.key = 'output_cost') AS output_cost, \
            max(m.value) FILTER (WHERE m.key = 'total_cost') AS total_cost \
            FROM span_metrics AS m WHERE m.trace_id = s.trace_id AND m.span_id = s.span_id \
            AND m.value > '-Infinity' AND m.value < 'Infinity') AS c \
        WHERE coalesce(c.input_cost, c.output_cost, c.total_cost) IS NOT NULL \
    LOOP BEGIN \
        INSERT INTO pg_temp.mlflow_migrate_names VALUES (span.trace_id, span.start_time_unix_nano, \
            span.input_cost, span.output_cost, span.total_cost, \
            span.model_name, span.model_provider); \
    EXCEPTION WHEN program_limit_exceeded THEN \
        INSERT INTO pg_temp.mlflow_migrate_wide VALUES (span.trace_id, span.span_id); \
    END; END LOOP; END $$";

const FOUND: &str = "SELECT trace_id, span_id, count(*) OVER () FROM pg_temp.mlflow_migrate_wide \
    ORDER BY trace_id, span_id LIMIT 1";

/// Refuses spans whose names do not fit into the plan's indexes.
pub(crate) async fn check(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<(), Error> {
    let Some(revision) = naming_revision(plan, live) else { return Ok(()) };
    if statements::count(database, CANDIDATES.to_owned(), ACTION).await? == 0 {
        return Ok(());
    }
    let tried = try_names(database).await;
    statements::run(
        database,
        "ROLLBACK TO SAVEPOINT wide_names; RELEASE wide_names".to_owned(),
        ACTION,
    )
    .await?;
    match tried {
        Ok(None) => Ok(()),
        Ok(Some((count, first))) => Err(Error::Refused {
            findings: vec![RowProblem {
                revision,
                problem: "the names of a span's model and provider in \
                          spans.dimension_attributes are together too long for the indexes"
                    .to_owned(),
                count: count.unsigned_abs(),
                rows: vec![first],
                query: None,
                is_skippable: false,
            }],
        }),
        // The migration's other checks find a document that is not JSON. A user who may not create
        // a temporary table gets the error about long names later.
        Err(source) if from_server(&source).is_some_and(|it| is_left_to_others(it.code())) => {
            Ok(())
        }
        Err(source) => Err(statements::failed(database, ACTION, source).await),
    }
}

/// Returns the number of spans with long names, and the first of them.
async fn try_names(database: &mut Postgres) -> sqlx::Result<Option<(i64, String)>> {
    for sql in [PREPARE, TRY] {
        database.line.long(sqlx::raw_sql(sql).execute(&mut database.connection)).await?;
    }
    let query = sqlx::query(FOUND).persistent(false);
    let found = database.line.long(query.fetch_optional(&mut database.connection)).await?;
    let Some(row) = found else { return Ok(None) };
    let (trace, span): (String, String) = (row.try_get(0)?, row.try_get(1)?);
    Ok(Some((row.try_get(2)?, format!("span {span:?} of trace {trace:?}"))))
}

/// Returns the revision that moves the names into columns, if the plan has one.
fn naming_revision(plan: &Plan, live: &Schema) -> Option<String> {
    let spans = live.table("spans")?;
    spans.find_column("dimension_attributes")?;
    live.table("span_metrics")?;
    let mut migrations = plan.migrations();
    let (revision, _) = migrations.find(|(_, migration)| {
        let writes = migration.writes();
        writes.iter().any(|(table, columns)| *table == "spans" && columns.contains(&"model_name"))
    })?;
    Some(revision.to_owned())
}

/// Returns whether a code is of class 22 (data exception), or is `insufficient_privilege`.
fn is_left_to_others(code: &str) -> bool {
    code.starts_with("22") || code == "42501"
}
