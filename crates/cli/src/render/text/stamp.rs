use std::io::{self, Write};

use mlflow_migrate_core::upgrade::stamp::StampReport;

use crate::outcome::OfDatabase;
use crate::render::words::{count_of, revision, revision_and_releases};

/// Writes which version was written, or why none was.
pub(super) fn write(out: &mut impl Write, found: &OfDatabase<StampReport>) -> io::Result<()> {
    let OfDatabase { database, result: stamped } = found;
    let wanted = revision(stamped.revision.as_deref());
    if !stamped.is_stamped {
        writeln!(out, "{database}: not stamped, since the schema is not that of {wanted}:")?;
        stamped.differences.iter().try_for_each(|one| writeln!(out, "  {one}"))?;
        return write_way_out(out, stamped);
    }
    let before = match stamped.before.as_slice() {
        [] => "nothing".to_owned(),
        versions => versions.join(", "),
    };
    let now = revision_and_releases(stamped.revision.as_deref(), &stamped.releases);
    if stamped.is_forced {
        let differences = count_of(&stamped.differences, "DIFFERENCE");
        writeln!(out, "{database}: STAMPED BY FORCE at {now}, instead of {before}")?;
        writeln!(out, "THE SCHEMA IS NOT THAT OF {wanted}: {}", differences.to_uppercase())?;
        return stamped.differences.iter().try_for_each(|one| writeln!(out, "  {one}"));
    }
    writeln!(out, "{database}: stamped at {now}, instead of {before}")
}

fn write_way_out(out: &mut impl Write, stamped: &StampReport) -> io::Result<()> {
    match stamped.matches.as_slice() {
        [] => writeln!(
            out,
            "hint: the database is unchanged; correct these, or write the version anyway \
             with `--force`"
        ),
        [first, ..] => writeln!(
            out,
            "hint: the database is unchanged; the schema is that of {}: run `mlflow-migrate stamp \
             {first} URL`",
            stamped.matches.join(" or ")
        ),
    }
}
