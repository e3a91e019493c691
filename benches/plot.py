"""Draws results as an SVG: seconds against rows, a panel for each server, a line for each program.

usage: plot.py [--case NAME] RESULTS.json ... OUT.svg

Both axes are logarithmic, and the same in all panels, so that slopes and distances can be compared.
It needs matplotlib, which MLflow's own environment has.
"""

from __future__ import annotations

import argparse
import dataclasses
import math
from collections.abc import Iterable
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from results import MLFLOW, OWN, PROGRAMS, Result, read

_NAMES = {
    "sqlite": "SQLite",
    "postgres": "PostgreSQL",
    "mariadb": "MariaDB",
    "mysql": "MySQL",
    "mysql56": "MySQL 5.6",
}
_STYLES = {
    MLFLOW: {"label": "mlflow db upgrade", "color": "#bc4c00", "linestyle": "--"},
    OWN: {"label": "mlflow-migrate", "color": "#0969da", "linestyle": "-"},
}
_COLUMNS = 3

# Text stays text, and equal results give an equal file.
mpl.rcParams["svg.fonttype"] = "none"
mpl.rcParams["svg.hashsalt"] = "mlflow-migrate"


@dataclasses.dataclass(frozen=True)
class Point:
    """A median; or, where a run was killed at the time limit, the limit."""

    rows: int
    seconds: float
    is_limit: bool


Lines = dict[str, list[Point]]


def main() -> None:
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
    draw(panels, options.out)


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


def draw(panels: dict[str, Lines], out: Path) -> None:
    """Writes the picture."""
    columns = min(_COLUMNS, len(panels))
    lines = math.ceil(len(panels) / columns)
    size = (3.2 * columns + 1, 3 * lines + 0.8)
    figure, grid = plt.subplots(
        lines, columns, figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    places = list(grid.flat)
    for axes, (server, own_lines) in zip(places, panels.items(), strict=False):
        axes.set(xscale="log", yscale="log", title=_NAMES.get(server, server))
        axes.grid(visible=True, alpha=0.3)
        for program, line in own_lines.items():
            _line(axes, program, line)
    for unused in places[len(panels) :]:
        unused.set_axis_off()
    figure.supxlabel("rows (log)")
    figure.supylabel("seconds (log)")
    figure.legend(*places[0].get_legend_handles_labels(), loc="outside upper left", ncols=2)
    figure.savefig(out, metadata={"Date": None, "Title": "Seconds that an upgrade takes, by rows"})


def _line(axes: Axes, program: str, line: list[Point]) -> None:
    seconds = [point.seconds for point in line]
    axes.plot([point.rows for point in line], seconds, marker="o", **_STYLES[program])
    for point in (point for point in line if point.is_limit):
        words = f"> {point.seconds:.0f} s"
        place = (point.rows, point.seconds)
        axes.annotate(words, place, (-8, -4), textcoords="offset points", ha="right")


if __name__ == "__main__":
    main()
