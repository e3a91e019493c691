use std::io::{self, Write};

use mlflow_migrate_core::report::diff::DiffReport;

use crate::outcome::OfDatabase;
use crate::render::words::count_of;

/// Lists the objects in which two schemas differ.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<DiffReport>) -> io::Result<()> {
    let OfDatabase { database, result: DiffReport { against, differences, .. } } = found;
    if differences.is_empty() {
        return writeln!(out, "{database}: the same schema as {against}");
    }
    let all = count_of(differences, "difference");
    writeln!(out, "{database}: {all} from {against}")?;
    differences.iter().try_for_each(|difference| writeln!(out, "  {difference}"))
}
