//! What an upgrade shows on a terminal: a scripted pseudo-terminal, whose width may change.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::signals::sandbox_of;

/// So many rows that the long step is seen at work.
const ROWS: u32 = 1_000_000;

/// A pseudo-terminal, and the end of it that a program gets.
struct Terminal {
    master: File,
    program: File,
}

impl Terminal {
    fn of_width(columns: u16) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let program = File::options().read(true).write(true).open(name).unwrap();
        let terminal = Self { master: master.into(), program };
        terminal.resize(columns);
        terminal
    }

    fn resize(&self, columns: u16) {
        let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.master, size).unwrap();
    }

    /// Runs a command whose stderr is the terminal, and returns what stands there after each read.
    ///
    /// Once the text `at` is there, the terminal gets another width.
    fn run(mut self, command: &mut Command, at: &str, columns: u16) -> (String, String) {
        let program = self.program.try_clone().unwrap();
        let mut child = command.stdout(Stdio::null()).stderr(program).spawn().unwrap();
        // With the last program gone, a read of the terminal fails.
        self.program = File::open("/dev/null").unwrap();
        *command = Command::new("true");
        let mut written = Vec::new();
        let (mut chunk, mut before) = ([0; 4096], None);
        while let Ok(length @ 1..) = self.master.read(&mut chunk) {
            written.extend_from_slice(&chunk[..length]);
            let text = String::from_utf8_lossy(&written);
            if before.is_none() && text.contains(at) {
                before = Some(text.len());
                self.resize(columns);
            }
        }
        assert!(child.wait().unwrap().success());
        let text = String::from_utf8(written).unwrap();
        let after = before.unwrap_or_else(|| panic!("no {at:?} in {text}"));
        (text[..after].to_owned(), text[after..].to_owned())
    }
}

/// The rows that were drawn, one for each return to the start of a line.
fn rows(text: &str) -> Vec<String> {
    let drawn = text.split(['\r', '\n']).map(|row| console::strip_ansi_codes(row).into_owned());
    drawn.filter(|row| !row.is_empty()).collect()
}

/// A frame of the long step, which has an index to build.
fn is_at_work(row: &str) -> bool {
    row.contains("[ 3/") && (row.contains("copying") || row.contains("building"))
}

/// The seconds that a row says are left, and the rows that it says are done.
fn left(row: &str) -> Option<(u64, u64)> {
    let number = |text: &str| text.replace(',', "").parse().ok();
    let (before, _) = row.split_once(" s left")?;
    let mut words = before.rsplit(' ');
    let seconds: u64 = number(words.next()?)?;
    let minutes = if words.next() == Some("min") { number(words.next()?)? } else { 0 };
    let (_, done) = row.split_once("rows ")?;
    Some((minutes * 60 + seconds, number(done.split(' ').next()?)?))
}

/// The most updates in a row that have more rows done, and more time left.
fn growing(shown: &[(u64, u64)]) -> usize {
    let (mut longest, mut run) = (0, 0);
    for pair in shown.windows(2).filter(|pair| pair[1].1 > pair[0].1) {
        run = if pair[1].0 > pair[0].0 { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn a_time_left_that_grows_is_counted() {
    let row =
        "[ 3/74] change table metrics · copying rows 466,860 of about 534,000 · 1 min 2 s left";
    assert_eq!(left(row), Some((62, 466_860)));
    assert_eq!(left("[ 3/74] copying rows 5 · 8 s"), None);
    assert_eq!(growing(&[(19, 1), (24, 2), (30, 3), (40, 4), (51, 5), (51, 6)]), 4);
    assert_eq!(growing(&[(9, 1), (8, 2), (9, 3), (10, 3), (8, 4)]), 1);
}

#[test]
fn no_line_is_wider_than_the_terminal_and_each_ends_at_its_start() {
    for columns in [40, 200] {
        let sandbox = sandbox_of(ROWS);
        let mut command = sandbox.command(&["upgrade", "mlruns.db"]);
        let terminal = Terminal::of_width(columns);
        let (before, after) = terminal.run(&mut command, "[ 2/", columns);
        let text = before + &after;
        let steps: Vec<String> = rows(&text).into_iter().filter(|row| row.contains(" s")).collect();
        assert!(steps.iter().any(|row| is_at_work(row)), "{columns}: {text}");
        let long = steps.iter().filter(|row| is_at_work(row));
        for row in long {
            let width = console::measure_text_width(row);
            assert!(width < usize::from(columns), "{columns}: {row}");
        }
        assert!(!text.contains("· 0 s left"), "{text}");
        let shown: Vec<(u64, u64)> = rows(&text).iter().filter_map(|row| left(row)).collect();
        assert!(growing(&shown) <= 3, "{shown:?}");
        let frames: Vec<&str> = text.split("\x1b[J").filter(|frame| is_at_work(frame)).collect();
        // The cursor goes back to the start of the line before anything else is written.
        assert!(frames.iter().skip(1).all(|frame| !frame.contains('\n')), "{frames:?}");
    }
}

#[test]
fn a_terminal_that_becomes_narrow_gets_narrow_lines() {
    let sandbox = sandbox_of(ROWS);
    let mut command = sandbox.command(&["upgrade", "mlruns.db"]);
    let (before, after) = Terminal::of_width(80).run(&mut command, "building", 40);
    assert!(rows(&before).iter().all(|row| console::measure_text_width(row) < 80), "{before}");
    // The frame at the moment of the change has the old width.
    let (_, later) = after.split_once('\r').unwrap();
    let (_, later) = later.split_once('\r').unwrap_or(("", later));
    let frames: Vec<String> = rows(later).into_iter().filter(|row| is_at_work(row)).collect();
    assert!(!frames.is_empty(), "{later}");
    assert!(frames.iter().all(|row| console::measure_text_width(row) < 40), "{frames:?}");
    // Whatever the terminal has wrapped is cleared: from the start of the line on.
    assert!(later.contains("\r\x1b[J"), "{later:?}");
}
