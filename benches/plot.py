"""Draws results as an SVG: seconds against rows, a panel for each server, a line for each program.

usage: plot.py [--case NAME] RESULTS.json ... OUT.svg

Both axes are logarithmic, and the same in all panels, so that slopes and distances can be compared.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from results import MLFLOW, OWN, PROGRAMS, Result, read
from svg import Drawing

_NAMES = {
    "sqlite": "SQLite",
    "postgres": "PostgreSQL",
    "mariadb": "MariaDB",
    "mysql": "MySQL",
    "mysql56": "MySQL 5.6",
}
_LABELS = {MLFLOW: "mlflow db upgrade", OWN: "mlflow-migrate"}
_COLUMNS = 3
_WIDTH, _HEIGHT = 236, 200
_LEFT, _TOP, _GAP_X, _GAP_Y, _BOTTOM, _RIGHT = 62, 64, 48, 58, 54, 24


@dataclasses.dataclass(frozen=True)
class Point:
    """A median; or, where a run was killed at the time limit, the limit."""

    rows: int
    seconds: float
    is_limit: bool


@dataclasses.dataclass(frozen=True)
class Scale:
    """A logarithmic axis between two powers of ten."""

    low: int
    high: int
    start: float
    length: float

    @classmethod
    def around(cls, values: Iterable[float], start: float, length: float) -> Scale:
        """The least axis on which all the values lie."""
        logarithms = [math.log10(value) for value in values]
        low, high = math.floor(min(logarithms)), math.ceil(max(logarithms))
        return cls(low, max(high, low + 1), start, length)

    def place(self, value: float) -> float:
        """Where a value lies."""
        part = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + part * self.length

    def decades(self) -> Iterator[float]:
        """The powers of ten, where the grid is."""
        return (10.0**power for power in range(self.low, self.high + 1))


Lines = dict[str, list[Point]]


def main() -> int:
    """Reads the results and writes the picture."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--case", default="reference", help="[%(default)s]")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULTS.json")
    parser.add_argument("out", type=Path, metavar="OUT.svg")
    options = parser.parse_args()
    found = [result for path in options.results for result in read(path).results]
    panels = panels_of(found, options.case)
    if not panels:
        parser.error(f"no rows and times of the case {options.case}")
    options.out.write_text(draw(panels))
    return 0


def panels_of(results: Iterable[Result], case: str) -> dict[str, Lines]:
    """The points of each server's lines, by rows."""
    panels: dict[str, Lines] = {}
    for result in sorted(results, key=lambda each: each.rows):
        if result.case != case or not result.rows:
            continue
        for program in PROGRAMS:
            measured = result.programs.get(program)
            trouble = measured and measured.trouble
            if measured and measured.median is not None:
                point = Point(result.rows, measured.median, is_limit=False)
            elif trouble and trouble.outcome == "limit":
                point = Point(result.rows, trouble.seconds, is_limit=True)
            else:
                continue
            panels.setdefault(result.server, {}).setdefault(program, []).append(point)
    return panels


def draw(panels: dict[str, Lines]) -> str:
    """The picture's SVG text."""
    columns = min(_COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    width = _LEFT + columns * _WIDTH + (columns - 1) * _GAP_X + _RIGHT
    height = _TOP + lines * _HEIGHT + (lines - 1) * _GAP_Y + _BOTTOM
    drawing = Drawing(width, height, "Seconds that an upgrade takes, by rows")
    _legend(drawing)
    points = [point for lines in panels.values() for line in lines.values() for point in line]
    for number, (server, own_lines) in enumerate(panels.items()):
        left = _LEFT + number % columns * (_WIDTH + _GAP_X)
        top = _TOP + number // columns * (_HEIGHT + _GAP_Y)
        across = Scale.around((point.rows for point in points), left, _WIDTH)
        up = Scale.around((point.seconds for point in points), top + _HEIGHT, -_HEIGHT)
        drawing.text(left, top - 8, _NAMES.get(server, server), "title")
        _grid(drawing, across, up, with_seconds=number % columns == 0)
        for program, line in own_lines.items():
            _line(drawing, program, line, across, up)
    drawing.text(_LEFT + (width - _LEFT - _RIGHT) / 2, height - 12, "rows (log)", "axis middle")
    middle = _TOP + (height - _TOP - _BOTTOM) / 2
    drawing.text(14, middle, "seconds (log)", "axis middle", turned=True)
    return drawing.svg()


def _legend(drawing: Drawing) -> None:
    x = float(_LEFT)
    for program in PROGRAMS:
        drawing.path([(x, 24), (x + 28, 24)], program)
        drawing.dot(x + 14, 24, program)
        drawing.text(x + 36, 28, _LABELS[program], "axis")
        x += 190


def _grid(drawing: Drawing, across: Scale, up: Scale, *, with_seconds: bool) -> None:
    for rows in across.decades():
        x = across.place(rows)
        drawing.path([(x, up.start), (x, up.start + up.length)], "grid")
        drawing.text(x, up.start + 16, _rows(rows), "tick middle")
    for seconds in up.decades():
        y = up.place(seconds)
        drawing.path([(across.start, y), (across.start + across.length, y)], "grid")
        if with_seconds:
            drawing.text(across.start - 7, y + 4, f"{seconds:g}", "tick end")


def _line(drawing: Drawing, program: str, line: list[Point], across: Scale, up: Scale) -> None:
    places = [(across.place(point.rows), up.place(point.seconds)) for point in line]
    drawing.path(places, program)
    for point, (x, y) in zip(line, places, strict=True):
        if point.is_limit:
            drawing.text(x, y - 7, f"> {point.seconds:.0f} s", "tick middle")
        drawing.dot(x, y, f"{program} open" if point.is_limit else program)


def _rows(number: float) -> str:
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


if __name__ == "__main__":
    sys.exit(main())
