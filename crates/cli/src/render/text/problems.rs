use std::io::{self, Write};

use crate::outcome::Problem;
use crate::render::visible::one_line;

/// Writes obstacles, each with the queries that find its rows, and its hint.
pub(super) fn write(out: &mut impl Write, problems: &[Problem]) -> io::Result<()> {
    for problem in problems {
        writeln!(out, "problem: {}", one_line(&problem.message))?;
        for query in &problem.queries {
            writeln!(out, "  find all: {}", one_line(query))?;
        }
        if let Some(hint) = &problem.hint {
            writeln!(out, "  hint: {}", one_line(hint))?;
        }
    }
    Ok(())
}
