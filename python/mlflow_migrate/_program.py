"""Finds the program, runs it with `--json`, and reads its lines.

The URL goes to the program in its environment: whoever lists the processes must not see a password.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence, Union

from ._errors import UnexpectedOutput, error_of

StrPath = Union[str, "os.PathLike[str]"]

NAME = "mlflow-migrate.exe" if os.name == "nt" else "mlflow-migrate"

# The variable that names the database, before the one of MLflow's clients.
URL_VARIABLE = "MLFLOW_BACKEND_STORE_URI"

# What this module reads: `schema_version` of each line.
SCHEMA_VERSION = 1


@dataclass(frozen=True)
class Event:
    """Something that happened during an upgrade; `docs/json.md` lists names and data."""

    name: str
    data: Mapping[str, Any]


Observer = Callable[[Event], None]


def find_program() -> Path:
    """Returns the path of the program that belongs to this module.

    `MLFLOW_MIGRATE_PROGRAM` names another one. Without a program beside this module, one is looked
    for on the PATH.
    """
    if chosen := os.environ.get("MLFLOW_MIGRATE_PROGRAM"):
        return Path(chosen)
    found = [folder / NAME for folder in _folders() if (folder / NAME).is_file()]
    on_path = shutil.which(NAME)
    if not found and on_path:
        found.append(Path(on_path))
    if not found:
        raise FileNotFoundError(f"{NAME} is not installed: pip install mlflow-migrate")
    return found[0]


def _folders() -> Iterator[Path]:
    """Where pip puts programs: of the environment, of the user, and beside `--target`."""
    yield Path(sysconfig.get_path("scripts"))
    yield Path(sysconfig.get_path("scripts", scheme=sysconfig.get_preferred_scheme("user")))
    yield Path(__file__).resolve().parent.parent / ("Scripts" if os.name == "nt" else "bin")


def environment_for(url: Optional[StrPath], base: Optional[Mapping[str, str]]) -> dict[str, str]:
    """Returns the program's environment, which names the database."""
    environment = dict(os.environ if base is None else base)
    if url is not None:
        named = os.fspath(url)
        if not named.strip():
            raise ValueError("the database URL is empty")
        environment[URL_VARIABLE] = named
    return environment


def run(
    command: str,
    options: Sequence[str],
    url: Optional[StrPath],
    environment: Optional[Mapping[str, str]] = None,
    on_event: Optional[Observer] = None,
) -> tuple[Mapping[str, Any], int]:
    """Runs a command; returns its result line and exit code, or raises its error."""
    arguments = [str(find_program()), command, "--json", *options]
    last: Optional[Mapping[str, Any]] = None
    # stderr holds notes for people, and why the program could not start.
    with tempfile.TemporaryFile() as notes:
        with subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=notes,
            env=environment_for(url, environment),
            # A Ctrl-C reaches the program once: by `_stop`.
            start_new_session=os.name != "nt",
        ) as process:
            assert process.stdout is not None
            try:
                for text in process.stdout:
                    line = _line(text)
                    if last is not None and on_event is not None:
                        on_event(_event(last))
                    last = line
                exit_code = process.wait()
            except BaseException:
                _stop(process)
                raise
        notes.seek(0)
        noted = notes.read().decode("utf-8", "replace").strip()
    if last is None:
        raise UnexpectedOutput(noted or f"{NAME} ended without a result", exit_code)
    if last["event"] == "error":
        raise error_of(last)
    if last["event"] not in (command, "finished"):
        raise UnexpectedOutput(noted or f"{NAME} ended within {last['event']}", exit_code)
    return last, exit_code


def _line(text: bytes) -> Mapping[str, Any]:
    try:
        line = json.loads(text)
        version = line["schema_version"]
    except (ValueError, KeyError, TypeError):
        raise UnexpectedOutput(f"no line of JSON: {text[:200]!r}") from None
    if version != SCHEMA_VERSION:
        raise UnexpectedOutput(f"the program's output has version {version}, not {SCHEMA_VERSION}")
    assert isinstance(line, dict)
    return line


def _event(line: Mapping[str, Any]) -> Event:
    return Event(line["event"], line)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    """Stops the program at its next safe point, and waits for it."""
    if process.poll() is None:
        if os.name == "nt":
            process.terminate()
        else:
            process.send_signal(signal.SIGINT)
    # Nobody reads what it still prints; a full pipe must not keep it.
    if process.stdout is not None:
        process.stdout.close()
    process.wait()


def become(arguments: Sequence[str], url: Optional[str]) -> int:
    """Runs the program in place of this process; where that is impossible, returns its exit code."""
    command = [str(find_program()), *arguments]
    environment = environment_for(url, None)
    if os.name == "nt":
        return subprocess.run(command, env=environment, check=False).returncode
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(command[0], command, environment)
