//! Puts the warnings of `doctor` into words.

use mlflow_migrate_core::report::doctor::Warning;

use crate::outcome::Advice;
use crate::render::{count_of, disk_use};

/// The command that restores missing objects.
const REPAIR: &str = "mlflow-migrate repair URL";

impl Advice {
    pub(crate) fn of(warning: &Warning) -> Self {
        match warning {
            Warning::TableInUse(user) => Self {
                kind: "table_in_use",
                message: format!("{} has tables open that the upgrade changes", user.session),
                reason: "the upgrade waits for the end of its transaction, up to `--lock-timeout`"
                    .to_owned(),
                remedies: vec![user.end.clone()],
            },
            Warning::Orphans(violation) => Self {
                kind: "orphans",
                message: violation.to_string(),
                reason: "a new or restored foreign key refuses such rows".to_owned(),
                remedies: vec!["mlflow-migrate verify URL".to_owned()],
            },
            Warning::Differences { differences, repairs } => {
                let listed: Vec<String> = differences.iter().map(ToString::to_string).collect();
                let listed = listed.join("; ");
                let mut remedies = repairs.clone();
                remedies.push(REPAIR.to_owned());
                Self {
                    kind: "differences",
                    message: format!("{}: {listed}", count_of(differences, "difference")),
                    reason:
                        "the schema is not the one of its revision, and an upgrade leaves that \
                             as it is"
                            .to_owned(),
                    remedies,
                }
            }
            Warning::InterruptedMlflow(run) => Self {
                kind: "interrupted_mlflow",
                message: run.to_string(),
                reason: "MLflow's own upgrade cannot finish it; this program continues from there"
                    .to_owned(),
                remedies: vec!["mlflow-migrate upgrade URL".to_owned()],
            },
            Warning::LittleRoom(disk) => Self {
                kind: "disk",
                message: disk_use(disk),
                reason: "an upgrade that finds the disk full rolls back".to_owned(),
                remedies: vec![
                    "free space there".to_owned(),
                    "mlflow-migrate upgrade URL --backup-to FILE, with FILE on another disk"
                        .to_owned(),
                ],
            },
            _ => Self {
                kind: "other",
                message: format!("{warning:?}"),
                reason: String::new(),
                remedies: Vec::new(),
            },
        }
    }
}
