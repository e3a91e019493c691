//! A table's successor: created under another name, filled, and put in the old one's place.

use mlflow_migrate_core::backend::TableChange;
use mlflow_migrate_core::schema::Column;

use crate::ddl::quote_identifier;
use crate::render;

/// The name under which a rebuilt table is filled.
pub(crate) fn temporary_name(table: &str) -> String {
    format!("_mlflow_migrate_{table}")
}

/// The statements of a rebuild, in their order.
pub(crate) struct Rebuild {
    /// Creates the successor.
    pub(crate) create: String,
    /// Copies the rows.
    pub(crate) copy: CopyRows,
    /// Drops the old table.
    pub(crate) drop: String,
    /// Gives the successor its name.
    pub(crate) rename: String,
}

/// `INSERT … SELECT …`, in the order of the new primary key: that makes its index in one go.
pub(crate) struct CopyRows {
    scan: String,
    order: String,
}

impl CopyRows {
    /// The statement.
    pub(crate) fn sql(&self) -> String {
        format!("{}{}", self.scan, self.order)
    }

    /// The statement, with a condition on every row.
    pub(crate) fn sql_where(&self, condition: &str) -> String {
        format!("{} WHERE {condition}{}", self.scan, self.order)
    }
}

impl Rebuild {
    /// The rebuild that makes a change.
    pub(crate) fn of(change: &TableChange) -> Self {
        let after = &change.after;
        let temporary = temporary_name(&after.name);
        let (name, quoted) = (quote_identifier(&after.name), quote_identifier(&temporary));
        Self {
            create: render::create_table_as(after, &temporary),
            copy: copy(change, &quoted),
            drop: format!("DROP TABLE {name}"),
            rename: format!("ALTER TABLE {quoted} RENAME TO {name}"),
        }
    }

    /// All of them, to show.
    pub(crate) fn statements(self) -> Vec<String> {
        vec![self.create, self.copy.sql(), self.drop, self.rename]
    }
}

fn copy(change: &TableChange, successor: &str) -> CopyRows {
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
    let order = match key.as_slice() {
        [] => String::new(),
        key => format!(" ORDER BY {}", render::column_list(key)),
    };
    let scan = format!(
        "INSERT INTO {successor} ({}) SELECT {} FROM {}",
        render::column_list(&targets),
        render::column_list(&sources),
        quote_identifier(&after.name),
    );
    CopyRows { scan, order }
}
