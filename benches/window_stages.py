"""What an upgrade's time went to, by the events that it writes with --json."""

from __future__ import annotations

import dataclasses
import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@dataclasses.dataclass(frozen=True)
class Stage:
    """A step of the upgrade, or what was between steps."""

    title: str
    seconds: float


def stages(said: Path, began: float, ended: float) -> list[Stage]:
    """The time from the program's start to its end; steps may overlap."""
    events = [json.loads(line) for line in said.read_text().splitlines() if line.startswith("{")]
    return [*_others(events, began, ended), *_steps(events)]


def _steps(events: list[dict[str, Any]]) -> Iterator[Stage]:
    for event in events:
        if event["event"] == "step_finished":
            yield Stage(event["title"], event["seconds"])


def _others(events: list[dict[str, Any]], began: float, ended: float) -> Iterator[Stage]:
    """What is no step: each stretch ends at the first, or the last, event of its kind."""
    times: dict[str, list[float]] = {}
    for event in events:
        time = datetime.datetime.fromisoformat(event["time"].replace("Z", "+00:00"))
        times.setdefault(event["event"], []).append(time.timestamp())
    marks = [
        ("(start, and plan)", times.get("planned", [])[:1]),
        ("(plan to first step)", times.get("step_started", [])[:1]),
        ("(first step to last)", times.get("step_finished", [])[-1:]),
        ("(last step to end of checks)", times.get("verified", [])[-1:]),
        ("(end of checks to end)", [ended]),
    ]
    before = began
    for title, found in marks:
        for moment in found:
            yield Stage(title, max(0.0, round(moment - before, 3)))
            before = moment
