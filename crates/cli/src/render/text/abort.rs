use std::io::{self, Write};

use mlflow_migrate_core::error::Operation;
use mlflow_migrate_core::upgrade::abort::AbortReport;

use crate::outcome::OfDatabase;
use crate::render::words;

/// Writes what was rolled back.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<AbortReport>) -> io::Result<()> {
    let OfDatabase { database, result: aborted } = found;
    let (from, to) = (aborted.from.label(), words::revision(aborted.to.as_deref()));
    let steps = words::count(aborted.steps as u64, "step");
    let what = match aborted.operation {
        Operation::Copy => {
            return writeln!(out, "{database}: empty again; removed the tables of the copy");
        }
        Operation::Upgrade => format!("upgrade to {to}"),
        Operation::Downgrade => format!("downgrade to {to}"),
        Operation::Repair => "repair".to_owned(),
    };
    writeln!(out, "{database}: at {from} again; rolled back {steps} of the {what}")
}
