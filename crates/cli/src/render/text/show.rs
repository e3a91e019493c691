use std::io::{self, Write};

use mlflow_migrate_core::report::show::{ShownRevision, ShownSql};

use crate::render::words::releases;

/// Describes a revision.
pub(super) fn write(out: &mut impl Write, shown: &ShownRevision) -> io::Result<()> {
    writeln!(out, "{}  {}", shown.revision, shown.title)?;
    let parents = match shown.parents.as_slice() {
        [] => "base".to_owned(),
        parents => parents.join(", "),
    };
    writeln!(out, "  follows:   {parents}")?;
    if let Some(date) = &shown.date {
        writeln!(out, "  date:   {date}")?;
    }
    let since = shown.release.as_deref().map(|release| format!("since MLflow {release}"));
    let newest = releases(&shown.releases).map(|all| format!("the newest revision of {all}"));
    let known: Vec<String> = since.into_iter().chain(newest).collect();
    if !known.is_empty() {
        writeln!(out, "  releases:  {}", known.join("; "))?;
    }
    for table in &shown.tables {
        writeln!(out, "  table {}:", table.table)?;
        for edit in &table.edits {
            let only = match edit.only.as_slice() {
                [] => String::new(),
                only => format!("  (only {})", only.join(", ")),
            };
            writeln!(out, "    {}{only}", edit.edit)?;
        }
    }
    for migration in &shown.data_migrations {
        writeln!(out, "  rows: {migration}")?;
    }
    match &shown.sql {
        Some(sql) => write_sql(out, sql),
        None => Ok(()),
    }
}

fn write_sql(out: &mut impl Write, sql: &ShownSql) -> io::Result<()> {
    for (tables, fate) in [(&sql.writes_all_rows, "written"), (&sql.reads_all_rows, "read")] {
        if !tables.is_empty() {
            writeln!(out, "  every row of {} is {fate}", tables.join(", "))?;
        }
    }
    let statements = sql.statements.replace('\t', "    ");
    write!(out, "\nSQL ({}), without the guard and the version:\n\n{statements}", sql.dialect)
}
