//! Finds publications because of which the server refuses to change or delete rows.
//!
//! A published table needs a replica identity, and the identity must contain the columns that the
//! publication names. Otherwise the server refuses every UPDATE and DELETE, even one of no row.

use std::collections::{BTreeMap, BTreeSet};

use mlflow_migrate_core::Error;
use mlflow_migrate_core::plan::{Plan, Step, TableChange};
use mlflow_migrate_core::schema::{Dependent, Schema};
use sqlx::{AssertSqlSafe, Row as _};

use crate::database::Postgres;
use crate::error::from_server;
use crate::render::quote_identifier;
use crate::statements;

const ACTION: &str = "looking for publications";

/// `invalid_column_reference`: a column outside the replica identity.
const OTHER_COLUMNS: &str = "42P10";

/// `object_not_in_prerequisite_state`: no replica identity.
const NO_IDENTITY: &str = "55000";

/// Reads table, publication, whether it lists the table, and the table and publication in quotes.
const PUBLICATIONS: &str = "SELECT t.tablename::text, t.pubname::text, r.oid IS NOT NULL, \
    format('%I.%I', t.schemaname, t.tablename), format('%I', t.pubname) \
    FROM pg_publication_tables t JOIN pg_publication p ON p.pubname = t.pubname \
    LEFT JOIN pg_publication_rel r ON r.prpubid = p.oid \
        AND r.prrelid = to_regclass(format('%I.%I', t.schemaname, t.tablename)) \
    WHERE t.schemaname = $1 ORDER BY 1, 2";

/// Reads the indexes that serve as replica identities.
const IDENTITIES: &str = "SELECT c.relname::text, i.relname::text, \
    format('ALTER TABLE %s REPLICA IDENTITY DEFAULT', c.oid::regclass) \
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid \
    JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE n.nspname = $1 AND x.indisreplident ORDER BY 1";

/// Finds published tables that block the plan, and replica identities that the plan drops.
///
/// A table blocks the plan if the plan changes or deletes its rows, and the server would refuse.
pub(crate) async fn check(
    database: &mut Postgres,
    plan: &Plan,
    live: &Schema,
) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for (table, statements) in written_tables(plan, live) {
        for statement in statements {
            if let Some(code) = refused(database, &table, statement).await? {
                problems.extend(unpublishable(database, &table, statement, &code).await?);
                break;
            }
        }
    }
    problems.extend(identities_that_go(database, plan).await?);
    Ok(problems)
}

/// Returns the code with which the server refuses a statement, if it is one of the two above.
async fn refused(
    database: &mut Postgres,
    table: &str,
    statement: Statement<'_>,
) -> Result<Option<String>, Error> {
    let sql = format!("SAVEPOINT tried; EXPLAIN {}; RELEASE SAVEPOINT tried", statement.of(table));
    let tried = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut database.connection);
    let Err(source) = database.line.long(tried).await else {
        return Ok(None);
    };
    let Some(code) = from_server(&source).map(|error| error.code().to_owned()) else {
        return Err(statements::failed(database, ACTION, source).await);
    };
    statements::run(
        database,
        "ROLLBACK TO SAVEPOINT tried; RELEASE SAVEPOINT tried".to_owned(),
        ACTION,
    )
    .await?;
    // Other checks find other errors.
    Ok(Some(code).filter(|code| code == OTHER_COLUMNS || code == NO_IDENTITY))
}

async fn unpublishable(
    database: &mut Postgres,
    table: &str,
    statement: Statement<'_>,
    code: &str,
) -> Result<Option<Error>, Error> {
    let mut dependents = Vec::new();
    for row in statements::catalog(database, PUBLICATIONS, ACTION).await? {
        let failed = |source| database.context().error(ACTION, source);
        let text = |at: usize| row.try_get::<String, _>(at).map_err(failed);
        if text(0)? != table {
            continue;
        }
        let is_listed: bool = row.try_get(2).map_err(failed)?;
        let remedy = match code {
            NO_IDENTITY => format!("ALTER TABLE {} REPLICA IDENTITY FULL", text(3)?),
            _ if is_listed => format!("ALTER PUBLICATION {} DROP TABLE {}", text(4)?, text(3)?),
            _ => format!("ALTER PUBLICATION {} SET (publish = 'insert')", text(4)?),
        };
        dependents
            .push(Dependent { object: format!("publication {}", text(1)?), remedy: Some(remedy) });
    }
    // One statement sets the table's replica identity for all publications.
    if code == NO_IDENTITY {
        dependents.iter_mut().skip(1).for_each(|dependent| dependent.remedy = None);
    }
    Ok((!dependents.is_empty()).then(|| Error::Dependents {
        table: table.to_owned(),
        part: Some("the replica identity".to_owned()),
        fate: format!("does not let rows be {}", statement.done()),
        dependents,
    }))
}

async fn identities_that_go(database: &mut Postgres, plan: &Plan) -> Result<Vec<Error>, Error> {
    let mut problems = Vec::new();
    for row in statements::catalog(database, IDENTITIES, ACTION).await? {
        let failed = |source| database.context().error(ACTION, source);
        let text = |at: usize| row.try_get::<String, _>(at).map_err(failed);
        let (table, index, remedy) = (text(0)?, text(1)?, text(2)?);
        if plan.changes().any(|change| change.after.name == table && drops(change, &index)) {
            let object = format!("the replica identity of {table}");
            problems.push(Error::Dependents {
                table,
                part: Some(format!("index {index}")),
                fate: "goes".to_owned(),
                dependents: vec![Dependent { object, remedy: Some(remedy) }],
            });
        }
    }
    Ok(problems)
}

/// What happens to rows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Statement<'a> {
    Update(&'a str),
    Delete,
}

impl Statement<'_> {
    fn of(self, table: &str) -> String {
        let table = quote_identifier(table);
        match self {
            Self::Update(column) => {
                let column = quote_identifier(column);
                format!("UPDATE {table} SET {column} = {column} WHERE false")
            }
            Self::Delete => format!("DELETE FROM {table} WHERE false"),
        }
    }

    fn done(self) -> &'static str {
        match self {
            Self::Update(_) => "changed",
            Self::Delete => "deleted",
        }
    }
}

/// Returns the live tables whose rows a plan changes or deletes.
///
/// A migration that deletes a table's rows names no column of the table.
fn written_tables<'a>(plan: &Plan, live: &'a Schema) -> BTreeMap<String, BTreeSet<Statement<'a>>> {
    let mut written: BTreeMap<String, BTreeSet<Statement<'a>>> = BTreeMap::new();
    for step in &plan.steps {
        let Step::Migrate { migration, .. } = step else { continue };
        if migration.only_adds() {
            continue;
        }
        for (name, columns) in migration.writes() {
            let Some(table) = live.table(name) else { continue };
            let mut plain =
                table.columns.iter().filter(|it| it.generated.is_none() && !it.identity);
            let statement = match plain.next() {
                Some(column) if !columns.is_empty() => Statement::Update(&column.name),
                _ => Statement::Delete,
            };
            written.entry((*name).to_owned()).or_default().insert(statement);
        }
    }
    written
}

/// Returns whether a change drops an index, also if the change recreates it.
fn drops(change: &TableChange, index: &str) -> bool {
    let Some(before) = &change.before else { return false };
    let after = &change.after;
    let is_it = |name: &Option<String>| name.as_deref() == Some(index);
    before
        .primary_key
        .as_ref()
        .is_some_and(|key| is_it(&key.name) && after.primary_key.as_ref() != Some(key))
        || before.uniques.iter().any(|key| is_it(&key.name) && !after.uniques.contains(key))
        || before.indexes.iter().any(|one| one.name == index && !after.indexes.contains(one))
}
