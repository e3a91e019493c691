//! Foreign keys.

use mlflow_migrate_core::schema::{ForeignKey, ReferentialAction};

use super::catalogue::Record;

pub(super) fn read(records: &[&Record], rules: &[&Record]) -> Vec<ForeignKey> {
    let mut keys: Vec<ForeignKey> = Vec::new();
    for record in records {
        let name = record.text(1);
        if keys.last().is_none_or(|key| key.name.as_deref() != Some(name)) {
            let rule = rules.iter().find(|rule| rule.text(1) == name);
            let action =
                |position| action(rule.map(|rule| rule.text(position)).unwrap_or_default());
            keys.push(ForeignKey {
                on_delete: action(2),
                on_update: action(3),
                ..ForeignKey::new(&[], &referred_table(record), &[]).named(name)
            });
        }
        if let Some(key) = keys.last_mut() {
            key.columns.push(record.text(2).to_owned());
            key.referred_columns.push(record.text(5).to_owned());
        }
    }
    keys
}

/// A table of another database has that one's name before its own.
fn referred_table(record: &Record) -> String {
    match record.optional(3) {
        Some(database) => format!("{database}.{}", record.text(4)),
        None => record.text(4).to_owned(),
    }
}

/// InnoDB has no deferred checks, so RESTRICT and NO ACTION are the same to it, and which of them
/// is told differs from server to server.
fn action(rule: &str) -> ReferentialAction {
    match rule {
        "CASCADE" => ReferentialAction::Cascade,
        "SET NULL" => ReferentialAction::SetNull,
        "SET DEFAULT" => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}
