"""Private servers of tests/servers, with the settings of a server that has to keep its data.

The tests' own settings are quick because they lose data at a power cut: times measured with them
would say nothing about a real server. What is set here, and the defaults of each server for the
rest, is what a cautious operator has; only the cache has the same size everywhere.
"""

from __future__ import annotations

import enum
import os
import signal
import subprocess
import time
from pathlib import Path

import sqlalchemy as sa

from oracle import REPOSITORY, Server

_SCRIPTS = REPOSITORY / "tests" / "servers"

_INNODB = (
    "--innodb-buffer-pool-size=1G",
    "--innodb-flush-log-at-trx-commit=1",
    "--innodb-doublewrite=ON",
    "--innodb-flush-method=O_DIRECT",
)
_TO_TIME = {
    "postgres": (
        "-c fsync=on",
        "-c synchronous_commit=on",
        "-c full_page_writes=on",
        "-c shared_buffers=1GB",
    ),
    # As these are by default: MySQL has the binary log since 8.0, and watches statements since 5.6.
    "mariadb": (*_INNODB, "--performance-schema=OFF"),
    "mysql": (*_INNODB, "--performance-schema=ON", "--log-bin=binlog"),
    "mysql56": (*_INNODB, "--performance-schema=ON"),
}
_TO_COUNT = {
    "postgres": (
        *_TO_TIME["postgres"],
        "-c shared_preload_libraries=pg_stat_statements",
        "-c pg_stat_statements.max=50000",
    ),
    "mariadb": (*_INNODB, "--performance-schema=ON"),
    "mysql": _TO_TIME["mysql"],
    "mysql56": _TO_TIME["mysql56"],
}
# With the tests' own for the rest: what the files hold in the end does not hang on these.
_QUICK = ("--innodb-buffer-pool-size=2G",)
_TO_FILL = {
    "postgres": _TO_TIME["postgres"],
    "mariadb": _QUICK,
    "mysql": _QUICK,
    "mysql56": _QUICK,
}
_SECONDS_TO_DIE = 60


class Purpose(enum.Enum):
    """What a server is started for; the value has its settings."""

    TIME = _TO_TIME
    COUNT = _TO_COUNT
    FILL = _TO_FILL


class PrivateServer:
    """One server in a folder of its own. It can be started and ended again and again."""

    def __init__(self, name: str, folder: Path) -> None:
        self.folder = folder
        self.name = name
        self._variable = "PG_ARGS" if name == "postgres" else "MYSQLD_ARGS"

    @property
    def data(self) -> Path:
        """The server's own files; without them it begins anew at the next start."""
        return self.folder / "data"

    def settings(self, purpose: Purpose = Purpose.TIME) -> str:
        """Its options: ours, then those of the environment."""
        ours = purpose.value[self.name]
        return " ".join([*ours, os.environ.get(self._variable, "")]).strip()

    def start(self, purpose: Purpose) -> Server:
        """Starts it, and waits until it can be used."""
        environment = {**os.environ, self._variable: self.settings(purpose)}
        self.folder.mkdir(parents=True, exist_ok=True)
        started = subprocess.run(
            [_SCRIPTS / self.name / "start.sh", self.folder],
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return Server(sa.make_url(started.stdout.splitlines()[-1]))

    def stop(self) -> None:
        """Ends it as an operator does."""
        subprocess.run([_SCRIPTS / self.name / "stop.sh", self.folder], check=True)

    def kill(self) -> None:
        """Ends a MySQL server at once, whatever it is doing: its files are not wanted any more."""
        try:
            process = int((self.folder / "mysqld.pid").read_text())
            os.kill(process, signal.SIGKILL)
        except (OSError, ValueError):
            return
        deadline = time.monotonic() + _SECONDS_TO_DIE
        while _is_alive(process):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.folder}: process {process} does not end")
            time.sleep(0.02)


def _is_alive(process: int) -> bool:
    """Whether it still runs; one that only waits to be reaped has no command line."""
    try:
        return bool(Path(f"/proc/{process}/cmdline").read_bytes())
    except OSError:
        return False
