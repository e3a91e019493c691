"""Records an upgrade on a terminal, checks what the terminal showed, and draws it as an animated SVG.

    python benches/record.py target/release/mlflow-migrate --columns 80 --svg docs/upgrade.svg

The program runs on a pseudo-terminal of the given width. Without `--url`, the database is a new
SQLite file of MLflow 0.9.1 (examples/mlruns-0.9.1.db) with that many entries of metrics. The command
fails if a line of progress was wider than the terminal, if the time left grew for more than three updates while
rows advanced, or if time was left "0 s" before any row was done.
"""

from __future__ import annotations

import argparse
import fcntl
import html
import os
import pty
import re
import shutil
import sqlite3
import struct
import sys
import tempfile
import termios
import time
from dataclasses import dataclass, field
from pathlib import Path

SAMPLE = Path(__file__).parent.parent / "examples" / "mlruns-0.9.1.db"
ROWS_ON_SCREEN = 24

# What is drawn in place of the URL of a server.
SHOWN = "mysql://mlflow@db/mlflow"

ENTRIES = """
INSERT INTO runs (run_uuid, experiment_id, status, lifecycle_stage)
    VALUES ('r', (SELECT min(experiment_id) FROM experiments), 'FINISHED', 'active');
INSERT INTO metrics (key, value, timestamp, run_uuid)
    WITH RECURSIVE n(value) AS (VALUES (0) UNION ALL SELECT value + 1 FROM n LIMIT {rows})
    SELECT 'key' || (value % 20), value * 0.5, 1560000000000 + value, 'r' FROM n;
"""

# What a program may write: text, or a control sequence.
TOKEN = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|\x1b[()][A-Z0-9]|([\r\n\b])|([^\x1b\r\n\b]+)")


@dataclass
class Screen:
    """As much of a terminal as the program uses."""

    columns: int
    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    column: int = 0
    wrapped: list[str] = field(default_factory=list)
    is_full: bool = False

    def write(self, text: str) -> None:
        for arguments, command, control, plain in TOKEN.findall(text):
            if self.is_full and control != "\n" and (plain or command):
                # What follows is drawn over a line that has wrapped.
                self.wrapped.append(self.lines[self.row - 1] + self.lines[self.row])
                self.is_full = False
            if plain:
                self._put(plain)
            elif control == "\r":
                self.column = 0
            elif control == "\n":
                # A line that stays may wrap: a message, or the result.
                self._move_to(self.row + 1)
                self.is_full = False
            elif control == "\b":
                self.column = max(self.column - 1, 0)
            elif command in "ABCD" and command:
                count = int(arguments or 1)
                if command in "AB":
                    self._move_to(self.row + (count if command == "B" else -count))
                else:
                    self.column = max(self.column + (count if command == "C" else -count), 0)
            elif command in "JK" and command:
                self.lines[self.row] = self.lines[self.row][: self.column]
                if command == "J":
                    del self.lines[self.row + 1 :]

    def _put(self, text: str) -> None:
        while text:
            if self.column == self.columns:
                self._move_to(self.row + 1)
                self.column, self.is_full = 0, True
            part, text = text[: self.columns - self.column], text[self.columns - self.column :]
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + part + line[self.column + len(part) :]
            self.column += len(part)

    def _move_to(self, row: int) -> None:
        self.row = max(row, 0)
        while len(self.lines) <= self.row:
            self.lines.append("")

    def shown(self) -> list[str]:
        return [line.rstrip() for line in self.lines][-ROWS_ON_SCREEN:]


def record(command: list[str], columns: int) -> tuple[list[tuple[float, str]], int]:
    """Runs a command on a terminal. Returns what it wrote, with seconds, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execvp(command[0], command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS_ON_SCREEN, columns, 0, 0))
    began, written, rest = time.monotonic(), [], b""
    while True:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            chunk = b""
        if not chunk:
            break
        rest += chunk
        try:
            text, rest = rest.decode(), b""
        except UnicodeDecodeError as error:
            text, rest = rest[: error.start].decode(), rest[error.start :]
        written.append((time.monotonic() - began, text))
    _, status = os.waitpid(child, 0)
    return written, os.waitstatus_to_exitcode(status)


def frames(written: list[tuple[float, str]], columns: int) -> tuple[list[tuple[float, list[str]]], Screen]:
    """What the terminal showed, and when."""
    screen, shown = Screen(columns), []
    for moment, text in written:
        screen.write(text)
        lines = screen.shown()
        if not shown or lines != shown[-1][1]:
            shown.append((moment, lines))
    return shown, screen


LEFT = re.compile(r"(?:(\d+) h )?(?:(\d+) min)? ?(?:(\d+) s)? left")
DONE = re.compile(r"rows ([\d,]+)")


def faults(shown: list[tuple[float, list[str]]], screen: Screen) -> list[str]:
    """What a terminal must not show."""
    found = [f"wider than the terminal: {line}" for line in screen.wrapped]
    growing, before = 0, None
    for _, lines in shown:
        line = next((line for line in reversed(lines) if line), "")
        left, done = LEFT.search(line), DONE.search(line)
        if not (left and done):
            growing, before = (growing, before) if left else (0, None)
            continue
        hours, minutes, seconds = (int(part or 0) for part in left.groups())
        now = (hours * 3600 + minutes * 60 + seconds, int(done[1].replace(",", "")))
        if now == (0, 0):
            found.append(f"no time left, and no row done: {line}")
        if before and now[1] > before[1]:
            growing = growing + 1 if now[0] > before[0] else 0
            if growing > 3:
                found.append(f"the time left grows: {line}")
        before = now
    return found


def thinned(shown: list[tuple[float, list[str]]], least: float) -> list[tuple[float, list[str]]]:
    """At most one frame in so many seconds, and the last one."""
    kept: list[tuple[float, list[str]]] = []
    for moment, lines in shown:
        if kept and moment - kept[-1][0] < least:
            kept[-1] = (kept[-1][0], lines)
        else:
            kept.append((moment, lines))
    return kept


def svg(shown: list[tuple[float, list[str]]], columns: int, command: str) -> str:
    """Draws frames: each text is visible from when it appears to when another one takes its place."""
    pause, width, height = 4.0, 8.4, 18
    duration = shown[-1][0] + pause
    texts: list[tuple[int, str, float, float]] = []
    open_since: dict[int, tuple[str, float]] = {}
    for moment, lines in [*shown, (duration, [])]:
        for row in range(ROWS_ON_SCREEN):
            text = lines[row] if row < len(lines) else ""
            known = open_since.get(row)
            if known and (known[0] != text or moment == duration):
                texts.append((row, known[0], known[1], moment))
                del open_since[row]
            if text and row not in open_since and moment < duration:
                open_since[row] = (text, moment)
    used = max((row for row, *_ in texts), default=0) + 1
    box = (columns * width + 24, (used + 1) * height + 20)
    styles, drawn = [], []
    for number, (row, text, begin, end) in enumerate(texts):
        first, last = (round(100 * moment / duration, 2) for moment in (begin, end))
        steps = f"0%{{opacity:0}}{first}%{{opacity:1}}"
        if last < 100:
            steps += f"{last}%{{opacity:0}}"
        styles.append(f"@keyframes k{number}{{{steps}}}")
        drawn.append(
            f'<text x="12" y="{(row + 2) * height + 4}" style="animation-name:k{number}">'
            f"{html.escape(text)}</text>"
        )
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" viewBox="0 0 {box[0]:.0f} {box[1]:.0f}" role="img" '
        'aria-label="An upgrade on a terminal">',
        "<style>rect{fill:#16181d}text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;"
        "fill:#d7dae0;white-space:pre}.prompt{fill:#8fd18f}"
        f"text:not(.prompt){{animation:{duration:.1f}s step-end infinite}}",
        *styles,
        "</style>",
        f'<rect width="100%" height="100%" rx="8"/><text class="prompt" x="12" y="{height + 4}">'
        f"$ {html.escape(command)}</text>",
        *drawn,
        "</svg>",
        "",
    ])


def fill(file: Path, rows: int) -> None:
    """Makes the file of an old MLflow with many entries."""
    shutil.copy(SAMPLE, file)
    with sqlite3.connect(file) as database:
        database.executescript(ENTRIES.format(rows=rows))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", help="the mlflow-migrate to record")
    parser.add_argument("--url", help="the database to upgrade, instead of a new SQLite file")
    parser.add_argument("--rows", type=int, default=5_000_000, help="entries of the new file")
    parser.add_argument("--columns", type=int, default=80, help="the width of the terminal")
    parser.add_argument("--svg", type=Path, help="where to write the drawing")
    parser.add_argument("--every", type=float, default=0.5, help="seconds between two drawn frames")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url
        if not url:
            url = str(Path(folder, "mlruns.db"))
            fill(Path(url), given.rows)
        written, code = record([given.program, "upgrade", url], given.columns)
    # As it would look elsewhere.
    shown_url = SHOWN if given.url else "mlruns.db"
    written = [(moment, text.replace(re.sub(r"\+\w+", "", url), shown_url)) for moment, text in written]
    shown, screen = frames(written, given.columns)
    found = faults(shown, screen)
    print(f"exit code {code}, {shown[-1][0]:.1f} s, {len(shown)} frames")
    print("\n".join(screen.shown()))
    if given.svg:
        drawn = svg(thinned(shown, given.every), given.columns, f"mlflow-migrate upgrade {shown_url}")
        given.svg.write_text(drawn)
    print("\n".join(found), file=sys.stderr)
    return 1 if found or code else 0


if __name__ == "__main__":
    sys.exit(main())
