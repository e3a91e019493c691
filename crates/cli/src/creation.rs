//! Asks on a terminal whether a missing SQLite file is to be created.

use std::io::{self, BufRead, IsTerminal, Write};

/// Returns whether the user confirms that the file is to be created.
///
/// Without a terminal nobody is asked, and the answer is no: a path may be mistyped.
pub(crate) fn is_wanted(file: &str) -> bool {
    let (input, output) = (io::stdin(), io::stderr());
    if !input.is_terminal() || !output.is_terminal() {
        return false;
    }
    let file = crate::render::one_line(file);
    let mut output = output.lock();
    let asked = write!(output, "{file} does not exist; create a new database there? [y/N] ");
    if asked.and_then(|()| output.flush()).is_err() {
        return false;
    }
    let mut answer = String::new();
    let is_read = input.lock().read_line(&mut answer).is_ok();
    is_read && matches!(answer.trim(), "y" | "Y" | "yes")
}
