"""Upgrades MLflow tracking databases, as the program `mlflow-migrate` does.

    import mlflow_migrate

    report = mlflow_migrate.upgrade("sqlite:///mlruns.db", to="2.9.2", backup=True)
    print(report.to_revision, report.releases)

Each function runs the program that the wheel brings, and returns what the program reports. An error
of the program is a `MigrationError` with its kind, exit code and hint.
"""

from ._commands import check, current, plan, upgrade
from ._errors import (
    ArgumentsError,
    DatabaseMismatch,
    DatabaseUnreachable,
    MigrationError,
    Stopped,
    UnexpectedOutput,
    UpgradeFailed,
)
from ._program import Event, find_program
from ._reports import CheckReport, Current, Plan, PlannedStep, Report, Step

__all__ = [
    "ArgumentsError",
    "CheckReport",
    "Current",
    "DatabaseMismatch",
    "DatabaseUnreachable",
    "Event",
    "MigrationError",
    "Plan",
    "PlannedStep",
    "Report",
    "Step",
    "Stopped",
    "UnexpectedOutput",
    "UpgradeFailed",
    "check",
    "current",
    "find_program",
    "plan",
    "upgrade",
]
