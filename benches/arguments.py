"""What the command lines of the benchmarks have in common."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path


def program(text: str) -> Path:
    """Parses the path of a program that exists."""
    path = Path(text).resolve()
    if not path.is_file():
        raise argparse.ArgumentTypeError(f"there is no {path}")
    return path


def names(known: Sequence[str]) -> Callable[[str], list[str]]:
    """A parser of a list of known names."""

    def parse(text: str) -> list[str]:
        given = text.split(",")
        if unknown := set(given) - set(known):
            listed = ", ".join(sorted(unknown))
            raise argparse.ArgumentTypeError(f"unknown: {listed}; known: {', '.join(known)}")
        return given

    return parse
