//! The terminal as indicatif draws on it: one line, which survives a change of the window's width.
//!
//! A terminal that becomes narrower may wrap the line that was drawn before. After each frame the
//! cursor is therefore at the start of the line, and a new frame clears everything from there on.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use console::Term;
use indicatif::TermLike;

const CLEAR_FROM_HERE: &str = "\x1b[J";

/// The terminal behind stderr.
#[derive(Debug)]
pub(super) struct OneLine {
    term: Term,
    /// What is drawn with the next flush.
    frame: Mutex<String>,
}

impl OneLine {
    pub(super) fn stderr() -> Self {
        Self { term: Term::stderr(), frame: Mutex::default() }
    }

    fn add(&self, text: &str) -> io::Result<()> {
        self.frame.lock().unwrap_or_else(PoisonError::into_inner).push_str(text);
        Ok(())
    }

    fn move_cursor(&self, count: usize, direction: char) -> io::Result<()> {
        if count == 0 { Ok(()) } else { self.add(&format!("\x1b[{count}{direction}")) }
    }
}

/// Returns the number of columns that a line may have: one less than the terminal's.
///
/// Some terminals move to the next line once the last column is filled.
pub(super) fn room() -> usize {
    usize::from(Term::stderr().size().1).saturating_sub(1)
}

impl TermLike for OneLine {
    fn width(&self) -> u16 {
        self.term.size().1
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'A')
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'B')
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'C')
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        self.move_cursor(n, 'D')
    }

    fn write_line(&self, s: &str) -> io::Result<()> {
        self.add(s)?;
        self.add("\r\n")
    }

    fn write_str(&self, s: &str) -> io::Result<()> {
        // Spaces would fill the line to its end, and wrap when the window becomes narrower.
        let is_filler = !s.is_empty() && s.bytes().all(|byte| byte == b' ');
        self.add(if is_filler { CLEAR_FROM_HERE } else { s })
    }

    fn clear_line(&self) -> io::Result<()> {
        self.add("\r")?;
        self.add(CLEAR_FROM_HERE)
    }

    fn flush(&self) -> io::Result<()> {
        let mut frame = self.frame.lock().unwrap_or_else(PoisonError::into_inner);
        frame.push('\r');
        let mut stderr = io::stderr().lock();
        let written = stderr.write_all(frame.as_bytes()).and_then(|()| stderr.flush());
        frame.clear();
        written
    }
}
