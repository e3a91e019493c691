//! Implements f4a9b2c7d1e6: makes versions of MCP servers case-sensitive on MySQL.
//!
//! The old collation matches a reference to a version in another spelling, and the new one does
//! not. MLflow stops at the first such reference; this migration finds all of them beforehand. Both
//! sides are compared by the columns' old collation, and by `utf8mb4_bin`, which ignores trailing
//! blanks.
//!
//! Where the old collation distinguishes trailing blanks, two versions can become the same. MLflow
//! stops halfway, at the primary key; this migration finds such versions beforehand too.

use async_trait::async_trait;
use sea_query::{Alias, Condition, Expr, ExprTrait, Func, JoinType, Query, SelectStatement};

use super::{DataMigration, DataOptions, Reversal, sql_text, value};
use crate::error::{Error, RowProblem};
use crate::event::Progress;
use crate::rows::{Row, Rows};
use crate::schema::Schema;
use crate::schema::platform::Platform;

const REFERENCES: [(&str, &str, &str); 3] = [
    ("mcp_server_version_tags", "name", "version"),
    ("mcp_server_aliases", "name", "version"),
    ("mcp_access_endpoints", "server_name", "server_version"),
];

/// See the module's documentation.
#[derive(Clone, Copy, Debug)]
pub struct McpVersionReferences;

const NAMED_ROWS: usize = 20;

/// Returns a version as the new collation compares it.
///
/// The old character set may have fewer characters.
fn as_compared(version: Expr, platform: &Platform) -> Expr {
    if platform.is_mysql() {
        Expr::cust_with_expr("CONVERT(? USING utf8mb4) COLLATE utf8mb4_bin", version)
    } else {
        Func::cast_as(version, "blob").into()
    }
}

/// Selects versions of one server that differ by the old collation, but not by the new one.
fn same_versions(platform: &Platform) -> SelectStatement {
    let version = |table: &'static str| Expr::col((table, "version"));
    let compared = |table| as_compared(version(table), platform);
    let same_server = Condition::all()
        .add(Expr::col(("versions", "workspace")).equals(("others", "workspace")))
        .add(Expr::col(("versions", "name")).equals(("others", "name")))
        .add(compared("versions").eq(compared("others")))
        .add(version("versions").lt(version("others")));
    Query::select()
        .columns([("versions", "workspace"), ("versions", "name"), ("versions", "version")])
        .column(("others", "version"))
        .from_as("mcp_server_versions", Alias::new("versions"))
        .join_as(JoinType::InnerJoin, "mcp_server_versions", Alias::new("others"), same_server)
        .take()
}

/// Selects the references that match by the old collation, but not by the new one.
fn wrong_references(
    (table, name, version): (&'static str, &'static str, &'static str),
    platform: &Platform,
) -> SelectStatement {
    let compared = |column| as_compared(column, platform);
    let reference = || Expr::col((table, version));
    let stored = || Expr::col(("versions", "version"));
    let same_version = Condition::all()
        .add(Expr::col((table, "workspace")).equals(("versions", "workspace")))
        .add(Expr::col((table, name)).equals(("versions", "name")))
        .add(reference().eq(stored()));
    Query::select()
        .column((table, "workspace"))
        .column((table, name))
        .column((table, version))
        .column(("versions", "version"))
        .from(table)
        .join_as(JoinType::InnerJoin, "mcp_server_versions", Alias::new("versions"), same_version)
        .and_where(compared(reference()).ne(compared(stored())))
        .take()
}

/// Returns the rows of a query for workspace, server, version and other version, if any.
async fn finding(
    database: &mut dyn Rows,
    select: SelectStatement,
    problem: String,
    relation: &str,
) -> Result<Option<RowProblem>, Error> {
    let rows = database.query(select.clone().limit(super::BATCH).take()).await?;
    let describe = |found: &Row| {
        let [workspace, name, version, other] =
            [0, 1, 2, 3].map(|at| value::display(found.get(at)));
        format!("{version} of server {name} in workspace {workspace}, {relation} {other}")
    };
    Ok((!rows.is_empty()).then(|| RowProblem {
        revision: "f4a9b2c7d1e6".to_owned(),
        problem,
        count: rows.len() as u64,
        rows: rows.iter().take(NAMED_ROWS).map(describe).collect(),
        query: Some(sql_text(&select, database.platform())),
        is_skippable: false,
    }))
}

#[async_trait]
impl DataMigration for McpVersionReferences {
    fn title(&self) -> &'static str {
        "check that references to MCP server versions match exactly"
    }

    fn reads(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[
            ("mcp_server_versions", &["workspace", "name", "version"]),
            ("mcp_server_version_tags", &["workspace", "name", "version"]),
            ("mcp_server_aliases", &["workspace", "name", "version"]),
            ("mcp_access_endpoints", &["workspace", "server_name", "server_version"]),
        ]
    }

    fn writes(&self) -> &'static [(&'static str, &'static [&'static str])] {
        &[]
    }

    fn reversal(&self) -> Reversal {
        Reversal::nothing()
    }

    fn refused_by_scripts(&self, platform: &Platform) -> Vec<(&'static str, SelectStatement)> {
        let wrong = REFERENCES.map(|reference| wrong_references(reference, platform));
        let wrong = wrong.into_iter().map(|select| ("versions are spelled in two ways", select));
        let same = platform
            .is_mysql()
            .then(|| ("versions differ only by blanks at the end", same_versions(platform)));
        wrong.chain(same).collect()
    }

    async fn preflight(
        &self,
        database: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
    ) -> Result<Vec<RowProblem>, Error> {
        let mut findings = Vec::new();
        for reference in REFERENCES {
            let (table, _, column) = reference;
            let select = wrong_references(reference, database.platform());
            let problem =
                format!("{table}.{column} spells versions otherwise than they are stored");
            findings.extend(finding(database, select, problem, "stored as").await?);
        }
        if database.platform().is_mysql() {
            let select = same_versions(database.platform());
            let problem = "mcp_server_versions.version has versions that differ only by blanks at \
                           the end, which do not count from now on";
            findings.extend(finding(database, select, problem.to_owned(), "beside").await?);
        }
        Ok(findings)
    }

    async fn run(
        &self,
        _: &mut dyn Rows,
        _: &DataOptions,
        _: &Schema,
        _: &Progress,
    ) -> Result<u64, Error> {
        Ok(0)
    }
}
