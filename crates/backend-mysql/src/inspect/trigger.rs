//! Triggers.

use mlflow_migrate_core::schema::Trigger;

use super::catalogue::Record;
use crate::quoting::quote;

/// Builds the trigger's statement from its parts, which the server stores separately.
pub(super) fn read(record: &Record) -> Trigger {
    let (table, name) = (record.text(0), record.text(1));
    let (time, event, statement) = (record.text(2), record.text(3), record.text(4));
    let definition = format!(
        "CREATE TRIGGER {} {time} {event} ON {}\nFOR EACH ROW\n{statement}",
        quote(name),
        quote(table)
    );
    Trigger::new(name, &definition)
}
