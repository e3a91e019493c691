//! MySQL 5.7 knows neither common table expressions nor window functions. There is no such server
//! among those that the other tests run on, so what the data migrations would ask it is read here.
//!
//! The migrations run on SQLite, over rows for each of them, and believe that they are on MySQL 5.7.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mlflow_migrate_core::backend::{
    Backend, BulkRows, Calibration, FileDatabase, OnlineChanges, Resumable, RunningStep, Sequences,
    SessionMode, TableSize, TableUser,
};
use mlflow_migrate_core::data::{DataMigration, DataOptions, McpVersionReferences};
use mlflow_migrate_core::event::cancellation::CancellationToken;
use mlflow_migrate_core::event::{NoopObserver, Observer, Progress};
use mlflow_migrate_core::graphs::GraphName;
use mlflow_migrate_core::history::catalogue::Catalogue;
use mlflow_migrate_core::history::target::Target;
use mlflow_migrate_core::plan::{ChangePlan, OutsideReference, Plan, TableChange};
use mlflow_migrate_core::rows::{Accelerated, KeyedUpdate, Row, RowTransactions, Rows};
use mlflow_migrate_core::schema::Schema;
use mlflow_migrate_core::schema::platform::Platform;
use mlflow_migrate_core::script::ScriptDialect;
use mlflow_migrate_core::{Error, UpgradeOptions, upgrade};
use mlflow_migrate_tests::checks;
use mlflow_migrate_tests::database::{self, TestDatabase};
use mlflow_migrate_tests::harness::Check;
use mlflow_migrate_tests::sqlite::SqliteFile;
use sea_query::{MysqlQueryBuilder, QueryStatement, SelectStatement};

pub(crate) const CHECKS: &[Check] =
    checks![the_data_migrations_ask_nothing_that_mysql_5_7_lacks.await];

const NOW_MS: i64 = 1_700_000_000_000;

type Statements = Arc<Mutex<Vec<String>>>;

/// A backend that notes what the data migrations ask of it, as MySQL would get it.
struct Recording {
    inner: Box<dyn Backend>,
    in_migration: bool,
    statements: Statements,
}

impl Recording {
    fn note(&self, sql: String) {
        if self.in_migration {
            self.statements.lock().unwrap().push(sql);
        }
    }
}

#[async_trait]
impl Rows for Recording {
    fn platform(&self) -> &Platform {
        if self.in_migration { &Platform::MYSQL_5_7 } else { self.inner.platform() }
    }

    async fn execute(&mut self, statement: QueryStatement) -> Result<u64, Error> {
        self.note(match &statement {
            QueryStatement::Select(select) => select.to_string(MysqlQueryBuilder),
            QueryStatement::Insert(insert) => insert.to_string(MysqlQueryBuilder),
            QueryStatement::Update(update) => update.to_string(MysqlQueryBuilder),
            QueryStatement::Delete(delete) => delete.to_string(MysqlQueryBuilder),
        });
        self.inner.execute(statement).await
    }

    async fn query(&mut self, select: SelectStatement) -> Result<Vec<Row>, Error> {
        let sql = select.to_string(MysqlQueryBuilder);
        // SQLite, which answers here, cannot convert between character sets.
        let is_answered = !sql.contains(" USING utf8mb4)");
        self.note(sql);
        if is_answered { self.inner.query(select).await } else { Ok(Vec::new()) }
    }

    async fn update(&mut self, update: &KeyedUpdate, rows: Vec<Row>) -> Result<u64, Error> {
        self.inner.update(update, rows).await
    }

    async fn insert(
        &mut self,
        table: &'static str,
        columns: &'static [&'static str],
        rows: Vec<Row>,
    ) -> Result<u64, Error> {
        self.inner.insert(table, columns, rows).await
    }

    /// So that the statements of core are seen.
    fn accelerate(&mut self) -> Option<&mut dyn Accelerated> {
        None
    }

    fn transactions(&mut self) -> Option<&mut dyn RowTransactions> {
        Some(self)
    }
}

/// SQLite's one transaction holds the rows too.
#[async_trait]
impl RowTransactions for Recording {
    async fn begin_rows(&mut self) -> Result<(), Error> {
        self.in_migration = true;
        Ok(())
    }

    async fn commit_rows(&mut self) -> Result<(), Error> {
        self.in_migration = false;
        Ok(())
    }

    async fn rollback_rows(&mut self) -> Result<(), Error> {
        Ok(())
    }

    async fn note_more_losses(&mut self, _: u64) -> Result<(), Error> {
        Ok(())
    }
}

#[async_trait]
impl Backend for Recording {
    fn name(&self) -> String {
        self.inner.name()
    }

    async fn cancel_on(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        self.inner.cancel_on(stop).await
    }

    fn report_to(&mut self, observer: &Arc<dyn Observer>) {
        self.inner.report_to(observer);
    }

    fn follow(&mut self, graph: GraphName) {
        self.inner.follow(graph);
    }

    async fn begin(&mut self, access: SessionMode) -> Result<(), Error> {
        self.inner.begin(access).await
    }

    async fn announce_step(&mut self, _: usize, _: usize, _: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn running_step(&mut self) -> Result<Option<RunningStep>, Error> {
        Ok(None)
    }

    async fn commit(&mut self) -> Result<(), Error> {
        self.inner.commit().await
    }

    async fn rollback(&mut self) -> Result<(), Error> {
        self.inner.rollback().await
    }

    async fn table_users(&mut self, tables: &[String]) -> Result<Vec<TableUser>, Error> {
        self.inner.table_users(tables).await
    }

    async fn other_upgraders(&mut self) -> Result<Vec<String>, Error> {
        self.inner.other_upgraders().await
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        self.inner.inspect().await
    }

    async fn table_names(&mut self) -> Result<Vec<String>, Error> {
        self.inner.table_names().await
    }

    async fn hidden_triggers(&mut self, tables: &[String]) -> Result<Vec<String>, Error> {
        self.inner.hidden_triggers(tables).await
    }

    async fn references_from_outside(&mut self) -> Result<Vec<OutsideReference>, Error> {
        self.inner.references_from_outside().await
    }

    async fn versions(&mut self) -> Result<Option<Vec<String>>, Error> {
        self.inner.versions().await
    }

    async fn stamp(&mut self, revision: Option<&str>) -> Result<(), Error> {
        self.inner.stamp(revision).await
    }

    async fn script_dialect(&mut self, plan: &Plan) -> Result<Box<dyn ScriptDialect>, Error> {
        self.inner.script_dialect(plan).await
    }

    async fn table_size(&mut self, table: &str) -> Result<TableSize, Error> {
        self.inner.table_size(table).await
    }

    async fn measure_tables(&mut self, plan: &Plan) -> Result<(), Error> {
        self.inner.measure_tables(plan).await
    }

    /// The data migrations look for what they would stumble over right after this.
    async fn preflight(&mut self, _: &Plan) -> Result<Vec<Error>, Error> {
        self.in_migration = true;
        Ok(Vec::new())
    }

    fn describe_change(&self, change: &TableChange) -> Result<ChangePlan, Error> {
        self.inner.describe_change(change)
    }

    async fn apply_change(
        &mut self,
        change: &TableChange,
        progress: &Progress,
    ) -> Result<Option<u64>, Error> {
        self.inner.apply_change(change, progress).await
    }

    async fn drop_tables(&mut self, leftovers: &[String]) -> Result<(), Error> {
        self.inner.drop_tables(leftovers).await
    }

    async fn check_foreign_keys(&mut self, tables: &[String]) -> Result<(), Error> {
        self.in_migration = false;
        self.inner.check_foreign_keys(tables).await
    }

    fn resumable(&mut self) -> Option<&mut dyn Resumable> {
        None
    }

    fn calibration(&mut self) -> &mut dyn Calibration {
        self.inner.calibration()
    }

    fn bulk(&mut self) -> &mut dyn BulkRows {
        self.inner.bulk()
    }

    fn file(&mut self) -> Option<&mut dyn FileDatabase> {
        None
    }

    fn online(&mut self) -> Option<&mut dyn OnlineChanges> {
        None
    }

    fn sequences(&mut self) -> Option<&mut dyn Sequences> {
        None
    }
}

/// Rows that give every data migration of the way from a revision to head something to do.
const ROWS: [(&str, &str); 3] = [
    (
        "base",
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO runs (run_uuid, user_id, experiment_id) VALUES ('a', 'ann', 1), ('b', '', 1);
         INSERT INTO metrics (run_uuid, key, timestamp, value) VALUES ('a', 'm', 1, 1.5)",
    ),
    // Spans whose models and costs the database takes itself: here it is SQLite, whose casts of texts
    // to `binary` are others than MySQL's.
    (
        "b7e2c1a4d9f3",
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
            ('tr-1', 1, 1, 'OK');
         INSERT INTO spans (trace_id, span_id, experiment_id, status, start_time_unix_nano,
            content) VALUES ('tr-1', 's-1', 1, 'OK', 1, '{}');
         INSERT INTO span_metrics (trace_id, span_id, key, value) VALUES
            ('tr-1', 's-1', 'total_cost', 1.5)",
    ),
    (
        "b7e2c1a4d9f3",
        "INSERT INTO experiments (experiment_id, name) VALUES (1, 'one');
         INSERT INTO trace_info (request_id, experiment_id, timestamp_ms, status) VALUES
            ('tr-1', 1, 1, 'OK'), ('tr-2', 1, 2, 'OK');
         INSERT INTO trace_request_metadata (request_id, key, value) VALUES
            ('tr-1', 'mlflow.gateway.endpointId', 'e'), ('tr-2', 'mlflow.trace.session', 's');
         INSERT INTO spans (trace_id, span_id, experiment_id, status, start_time_unix_nano,
            content, dimension_attributes) VALUES ('tr-1', 's-1', 1, 'OK', 1, '{}', 'null');
         INSERT INTO span_metrics (trace_id, span_id, key, value) VALUES
            ('tr-1', 's-1', 'total_cost', 1.5);
         INSERT INTO assessments (assessment_id, trace_id, name, assessment_type, value, valid,
            source_type, created_timestamp, last_updated_timestamp) VALUES
            ('a-1', 'tr-1', 'n', 'feedback', 'true', 1, 'HUMAN', 1, 1);
         INSERT INTO issues (issue_id, experiment_id, name, description, status, categories,
            created_timestamp, last_updated_timestamp) VALUES
            ('i-1', 1, 'n', 'd', 'pending', '[\"one\"]', 1, 1)",
    ),
];

/// No plan for SQLite has this one.
async fn ask_about_references(catalogue: &Catalogue, statements: &Statements) {
    let file = SqliteFile::new();
    database::upgrade(catalogue, &file, "8b6ad64cb8f5").await.unwrap();
    let inner = file.connect().await.unwrap();
    let mut backend = Recording { inner, in_migration: true, statements: Arc::clone(statements) };
    backend.begin(SessionMode::Read).await.unwrap();
    let live = backend.inspect().await.unwrap();

    let found =
        McpVersionReferences.preflight(&mut backend, &DataOptions::default(), &live).await.unwrap();
    assert_eq!(found, []);
}

async fn the_data_migrations_ask_nothing_that_mysql_5_7_lacks() {
    let catalogue = mlflow_migrate_revisions::tracking().unwrap();
    let statements = Statements::default();
    for (revision, rows) in ROWS {
        let file = SqliteFile::new();
        database::upgrade(&catalogue, &file, revision).await.unwrap();
        file.run_unchecked(rows);
        let inner = file.connect().await.unwrap();
        let mut backend =
            Recording { inner, in_migration: false, statements: Arc::clone(&statements) };
        let mut request = UpgradeOptions::to(Target::Head);
        request.data.now_ms = NOW_MS;
        let observer: Arc<dyn Observer> = Arc::new(NoopObserver);
        let result = upgrade(&mut backend, &catalogue, &request, &observer).await;
        result.unwrap_or_else(|error| panic!("from {revision}: {error}"));
    }
    ask_about_references(&catalogue, &statements).await;
    let statements = statements.lock().unwrap();
    for table in ["tags", "latest_metrics", "trace_info", "spans", "issues", "mcp_server_aliases"] {
        let quoted = format!("`{table}`");
        assert!(statements.iter().any(|sql| sql.contains(&quoted)), "nothing about {table}");
    }
    for sql in statements.iter() {
        let upper = sql.to_uppercase();
        for lacking in ["WITH ", " OVER ", " OVER(", "LATERAL", "EXCEPT", "INTERSECT", "RETURNING"]
        {
            assert!(!upper.contains(lacking), "{lacking}: {sql}");
        }
    }
    let mut distinct: Vec<&String> = statements.iter().collect();
    distinct.dedup();
    insta::assert_snapshot!(
        distinct.into_iter().map(String::as_str).collect::<Vec<_>>().join(";\n")
    );
}
