"""What the commands report. `raw` is the program's own line; `docs/json.md` explains its keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Mapping, Optional


@dataclass(frozen=True)
class Step:
    """A step of an upgrade that was done."""

    title: str
    revisions: tuple[str, ...]
    rows: Optional[int]
    seconds: float


@dataclass(frozen=True)
class Report:
    """What an upgrade did. A revision is None at base, or in an empty database."""

    database: str
    from_revision: Optional[str]
    to_revision: Optional[str]
    created: bool
    revisions: tuple[str, ...]
    releases: tuple[str, ...]
    tables_created: int
    tables_changed: int
    rows_migrated: int
    seconds: float
    backup: Optional[str]
    steps: tuple[Step, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Report":
        """Returns the report of a `finished` line."""
        return cls(
            database=line["database"],
            from_revision=line["from"],
            to_revision=line["to"],
            created=line["created"],
            revisions=tuple(line["revisions"]),
            releases=tuple(line["releases"]),
            tables_created=line["tables_created"],
            tables_changed=line["tables_changed"],
            rows_migrated=line["rows_migrated"],
            seconds=line["seconds"],
            backup=line["backup"],
            steps=tuple(
                Step(one["title"], tuple(one["revisions"]), one["rows"], one["seconds"])
                for one in line["steps"]
            ),
            raw=line,
        )


@dataclass(frozen=True)
class Current:
    """Where a database is, and which MLflow releases fit."""

    database: str
    revision: Optional[str]
    releases: tuple[str, ...]
    head: str
    head_releases: tuple[str, ...]
    due: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Current":
        """Returns the report of a `current` line."""
        return cls(
            database=line["database"],
            revision=line["revision"],
            releases=tuple(line["releases"]),
            head=line["head"],
            head_releases=tuple(line["head_releases"]),
            due=tuple(line["due"]),
            raw=line,
        )


@dataclass(frozen=True)
class CheckReport:
    """How a schema compares with its revision, and with the newest one or the target."""

    database: str
    verdict: str
    revision: Optional[str]
    releases: tuple[str, ...]
    due: tuple[str, ...]
    drift: tuple[Mapping[str, Any], ...]
    exit_code: int
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def fits(self) -> bool:
        """Whether the database is at the newest revision or at the target, without drift."""
        return self.exit_code == 0

    @property
    def is_behind(self) -> bool:
        """Whether an upgrade is all that it takes."""
        return self.exit_code == 1

    @classmethod
    def of(cls, line: Mapping[str, Any], exit_code: int) -> "CheckReport":
        """Returns the report of a `check` line."""
        return cls(
            database=line["database"],
            verdict=line["verdict"],
            revision=line["revision"],
            releases=tuple(line["releases"]),
            due=tuple(line["due"]),
            drift=tuple(line["drift"]),
            exit_code=exit_code,
            raw=line,
        )


@dataclass(frozen=True)
class PlannedStep:
    """A step that an upgrade would do."""

    title: str
    revisions: tuple[str, ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True)
class Plan:
    """What an upgrade would do. With findings it would be refused: rows prevent it."""

    database: str
    from_revision: Optional[str]
    to_revision: Optional[str]
    revisions: tuple[str, ...]
    releases: tuple[str, ...]
    outdated: tuple[str, ...]
    steps: tuple[PlannedStep, ...]
    findings: tuple[Mapping[str, Any], ...]
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @classmethod
    def of(cls, line: Mapping[str, Any]) -> "Plan":
        """Returns the report of a `plan` line."""
        return cls(
            database=line["database"],
            from_revision=line["from"],
            to_revision=line["to"],
            revisions=tuple(line["revisions"]),
            releases=tuple(line["releases"]),
            outdated=tuple(line["outdated"]),
            steps=tuple(
                PlannedStep(one["title"], tuple(one["revisions"]), one)
                for one in line["planned_steps"]
            ),
            findings=tuple(line.get("findings", ())),
            raw=line,
        )
