//! Rebuilds a table: creates a successor, fills it, and gives it the old table's name.

use mlflow_migrate_core::plan::TableChange;
use mlflow_migrate_core::schema::{Column, Table};

use crate::ddl::quote_identifier;
use crate::render;
use crate::rows::deferred_update::Deferred;

/// Returns the name under which a rebuilt table is filled.
pub(crate) fn temporary_name(table: &str) -> String {
    format!("_mlflow_migrate_{table}")
}

/// The statements of a rebuild, in order.
pub(super) struct Rebuild {
    /// Creates the successor.
    pub(super) create: String,
    /// Copies the rows.
    pub(super) copy: CopyRows,
    /// Drops the old table.
    pub(super) drop: String,
    /// Renames the successor to the table's name.
    pub(super) rename: String,
}

/// `INSERT … SELECT …`, in the order of the new primary key, so its index is built in order.
pub(super) struct CopyRows {
    scan: String,
    order: String,
}

impl CopyRows {
    /// Returns the statement.
    pub(super) fn sql(&self) -> String {
        format!("{}{}", self.scan, self.order)
    }

    /// Returns the statement, with a condition on every row.
    pub(super) fn sql_where(&self, condition: &str) -> String {
        format!("{} WHERE {condition}{}", self.scan, self.order)
    }
}

impl Rebuild {
    /// Returns the rebuild for a change, including the deferred values.
    pub(super) fn of(change: &TableChange, deferred: Option<&Deferred>) -> Self {
        let after = &change.after;
        let temporary = temporary_name(&after.name);
        let (name, quoted) = (quote_identifier(&after.name), quote_identifier(&temporary));
        Self {
            create: render::create_table_as(after, &temporary),
            copy: copy(change, &quoted, deferred),
            drop: format!("DROP TABLE {name}"),
            rename: format!("ALTER TABLE {quoted} RENAME TO {name}"),
        }
    }

    /// Returns all statements, for display.
    pub(super) fn statements(self) -> Vec<String> {
        vec![self.create, self.copy.sql(), self.drop, self.rename]
    }
}

/// Returns the statement that carries over the last AUTOINCREMENT number, if the table has one.
///
/// No number is given twice, even after a deletion.
pub(super) fn keep_sequence(after: &Table) -> Option<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let (name, temporary) = (quoted(&after.name), quoted(&temporary_name(&after.name)));
    after.options.autoincrement.then(|| {
        format!(
            "UPDATE sqlite_sequence SET seq = (SELECT seq FROM sqlite_sequence WHERE name = {name}) \
             WHERE name = {temporary} AND EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = {name})"
        )
    })
}

fn copy(change: &TableChange, successor: &str, deferred: Option<&Deferred>) -> CopyRows {
    let after = &change.after;
    let known = change.before.as_ref();
    let is_there = |column: &&Column| {
        known.is_some_and(|table| table.find_column(column.live_name()).is_some())
    };
    let stored = after.columns.iter().filter(|column| column.generated.is_none());
    let copied: Vec<&Column> = stored.filter(is_there).collect();
    let targets: Vec<&str> = copied.iter().map(|column| column.name.as_str()).collect();
    let sources: Vec<&str> = copied.iter().map(|column| column.live_name()).collect();
    let key_columns = after.key_columns().iter();
    let key: Vec<&str> = key_columns
        .filter_map(|name| copied.iter().find(|column| column.name == *name))
        .map(|column| column.live_name())
        .collect();
    let list = |columns: &[&str], of: &dyn Fn(&str) -> String| {
        columns.iter().map(|column| of(column)).collect::<Vec<_>>().join(", ")
    };
    let (sources, key, joined) = match deferred {
        None => (render::column_list(&sources), render::column_list(&key), String::new()),
        Some(deferred) => (
            list(&sources, &|column| deferred.value("old", column)),
            list(&key, &|column| format!("old.{}", quote_identifier(column))),
            format!(" AS old{}", deferred.join("old")),
        ),
    };
    let order = if key.is_empty() { key } else { format!(" ORDER BY {key}") };
    let scan = format!(
        "INSERT INTO {successor} ({}) SELECT {sources} FROM {}{joined}",
        render::column_list(&targets),
        quote_identifier(&after.name),
    );
    CopyRows { scan, order }
}
