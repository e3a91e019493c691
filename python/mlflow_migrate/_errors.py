"""The program's errors as exceptions: one class for each group of exit codes.

`docs/exit_codes.md` has the groups, and what to do about each kind of error.
"""

from __future__ import annotations

from typing import Any, Mapping, Optional


class MigrationError(Exception):
    """An error that the program reported; `kind`, `exit_code` and `hint` are the program's."""

    def __init__(self, line: Mapping[str, Any]) -> None:
        self.message: str = line["message"]
        self.kind: str = line["kind"]
        self.exit_code: int = line["exit_code"]
        self.hint: Optional[str] = line.get("hint")
        self.causes: tuple[str, ...] = tuple(line.get("causes", ()))
        self.raw: Mapping[str, Any] = line
        super().__init__(line)

    def __str__(self) -> str:
        text = ": ".join([self.message, *self.causes])
        return f"{text}\nhint: {self.hint}" if self.hint else text


class ArgumentsError(MigrationError):
    """The URL, the target or an option is wrong."""


class DatabaseUnreachable(MigrationError):
    """The database cannot be reached, opened or written."""


class DatabaseMismatch(MigrationError):
    """The database is not MLflow's, is newer, or is not as its revision says."""


class UpgradeFailed(MigrationError):
    """Rows or the server prevent the upgrade, or an upgrade is unfinished."""


class Stopped(MigrationError):
    """The program was interrupted, at a safe point."""


class UnexpectedOutput(RuntimeError):
    """The program printed something else than this module reads, or ended without a result."""

    def __init__(self, message: str, exit_code: Optional[int] = None) -> None:
        self.exit_code = exit_code
        super().__init__(message)


CLASSES: Mapping[str, type[MigrationError]] = {
    **dict.fromkeys(("url", "unsupported", "target", "target_behind", "usage"), ArgumentsError),
    **dict.fromkeys(
        (
            "unreachable",
            "not_a_database",
            "corrupt",
            "read_only",
            "locked",
            "full",
            "access_denied",
            "privileges",
            "tls",
            "connection_lost",
        ),
        DatabaseUnreachable,
    ),
    **dict.fromkeys(
        (
            "unknown_revision",
            "several_revisions",
            "newer",
            "other_program",
            "drift",
            "not_empty",
        ),
        DatabaseMismatch,
    ),
    **dict.fromkeys(
        ("refused", "unverified", "database", "internal", "server_limit", "journal"), UpgradeFailed
    ),
    "stopped": Stopped,
    # The database is as the upgrade left it; only the report is missing.
    "output": MigrationError,
}


def error_of(line: Mapping[str, Any]) -> MigrationError:
    """Returns the exception for an error line; a kind that is not known here is a plain one."""
    return CLASSES.get(line["kind"], MigrationError)(line)
