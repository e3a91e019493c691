"""The programs that move a tracking store, each called as a user calls it.

pgloader copies any SQLite file to PostgreSQL. mlflow-export-import copies runs through MLflow's
REST API: a client reads from one MLflow server, and writes to another. `mlflow migrate-filestore`
reads a file store, and writes a SQLite file.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

import measure
from oracle import REPOSITORY, text_of
from results import OWN, Run

PGLOADER = "pgloader"
EXPORT_IMPORT = "mlflow-export-import"
MIGRATE_FILESTORE = "mlflow migrate-filestore"
PROGRAMS = (OWN, PGLOADER, EXPORT_IMPORT, MIGRATE_FILESTORE)
"""Every program that can be compared."""

_CLIENT = ("mlflow-export-import==1.2.0", "tabulate")
_SECONDS_TO_START = 120


class MissingProgramError(Exception):
    """A program is not installed; the text says how it is."""


@dataclass(frozen=True)
class Job:
    """One copy that is timed."""

    source: sa.URL | Path
    destination: sa.URL
    folder: Path
    limit: float
    has_long_rows: bool


def run(program: str, binary: Path, job: Job) -> Run:
    """Runs one of the programs once."""
    if program == OWN:
        return measure.run(own(binary, job), job.limit)
    if program == PGLOADER:
        return _pgloader(job)
    if program == EXPORT_IMPORT:
        return _export_import(binary, job)
    target = ["--source", str(job.source), "--target", text_of(job.destination), "--no-progress"]
    return measure.run([sys.executable, "-m", "mlflow", "migrate-filestore", *target], job.limit)


def own(binary: Path, job: Job, *further: str) -> list[str]:
    """The command line of mlflow-migrate; a file store is named by its folder."""
    source = job.source
    named = text_of(source) if isinstance(source, sa.URL) else str(source / "mlruns")
    return [str(binary), "copy", named, text_of(job.destination), "--quiet", *further]


def _pgloader(job: Job) -> Run:
    if not shutil.which(PGLOADER):
        raise MissingProgramError("pgloader is not installed: apt-get install pgloader")
    assert isinstance(job.source, sa.URL)
    destination = text_of(job.destination.set(drivername="postgresql"))
    # With its default of 100,000 rows, its garbage collection fails on spans.
    options = ["--with", "prefetch rows = 1000"] if job.has_long_rows else []
    # It ends with 0 although an index failed; the check afterwards shows what is missing.
    return measure.run([PGLOADER, *options, text_of(job.source), destination], job.limit)


def _export_import(binary: Path, job: Job) -> Run:
    client = _client()
    assert isinstance(job.source, sa.URL)
    # A server writes to its store when it starts, and the original stays as it is.
    source = job.source.set(database=str(job.folder / "exported.db"))
    shutil.copyfile(str(job.source.database), str(source.database))
    # MLflow's server would make the tables; to do so is no part of what is compared.
    subprocess.run(
        [binary, "upgrade", text_of(job.destination), "--quiet"], check=True, capture_output=True
    )
    with tempfile.TemporaryDirectory(dir=job.folder) as exported, contextlib.ExitStack() as servers:
        here, there = (
            servers.enter_context(_tracking_server(url, job.folder))
            for url in (source, job.destination)
        )
        every = ["--experiments", "all", "--output-dir", exported]
        export = _call(client / "export-experiments", here, every, job.limit)
        if export.outcome != "ok":
            return export
        restore = _call(client / "import-experiments", there, ["--input-dir", exported], job.limit)
    peak = max(export.peak_kib, restore.peak_kib)
    return Run(export.seconds + restore.seconds, peak, restore.outcome, restore.message)


def _call(program: Path, server: str, arguments: list[str], limit: float) -> Run:
    # Without these, a request that fails is repeated for minutes.
    settings = {"MLFLOW_TRACKING_URI": server, "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1"}
    called = ["env", *(f"{name}={value}" for name, value in settings.items()), str(program)]
    return measure.run([*called, *arguments], limit)


def _client() -> Path:
    """The folder of the client's programs; they are installed where they are missing."""
    default = REPOSITORY / "target" / "mlflow-export-import"
    venv = Path(os.environ.get("MLFLOW_EXPORT_IMPORT_VENV", default))
    if not (venv / "bin" / "import-experiments").exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        pip = [venv / "bin" / "python", "-m", "pip", "install", "--quiet"]
        if subprocess.run([*pip, "--disable-pip-version-check", *_CLIENT], check=False).returncode:
            raise MissingProgramError(f"{EXPORT_IMPORT} cannot be installed into {venv}")
    return venv / "bin"


@contextlib.contextmanager
def _tracking_server(store: sa.URL, folder: Path) -> Iterator[str]:
    """MLflow's server of a store, with one worker; it is ended with all that it has started."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    named = ["--backend-store-uri", text_of(store), "--artifacts-destination", str(folder / "a")]
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "mlflow", "server", *named, *where],
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            _wait(f"{address}/health")
            yield address
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait()


def _wait(address: str) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while True:
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
