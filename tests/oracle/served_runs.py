#!/usr/bin/env python3
"""Prints what `mlflow server` lists of a tracking store: experiments, and runs with all they hold.

usage: served_runs.py STORE

STORE is a URL, or the folder of a file store. Prints one JSON document, in an order of its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

# A refusal is one at once.
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"

from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Run, ViewType  # noqa: E402

_SECONDS_TO_START = 600


def main() -> int:
    """Starts the server, asks it, and ends it."""
    with _server(sys.argv[1]) as url:
        client = MlflowClient(url)
        experiments = list(_all(client.search_experiments, view_type=ViewType.ALL))
        listed = {
            each.name: {
                "stage": each.lifecycle_stage,
                "tags": dict(each.tags),
                "artifacts": each.artifact_location,
                "runs": {
                    run.info.run_id: _told(client, run)
                    for run in _all(
                        client.search_runs, [each.experiment_id], run_view_type=ViewType.ALL
                    )
                },
            }
            for each in experiments
        }
    print(json.dumps(listed, sort_keys=True, indent=1))
    return 0


def _told(client: MlflowClient, run: Run) -> dict[str, Any]:
    metrics = {
        key: sorted(
            (entry.step, entry.timestamp, repr(entry.value))
            for entry in client.get_metric_history(run.info.run_id, key)
        )
        for key in run.data.metrics
    }
    return {
        "info": {name: str(value) for name, value in dict(run.info).items()},
        "params": run.data.params,
        "tags": run.data.tags,
        "latest": {key: repr(value) for key, value in run.data.metrics.items()},
        "metrics": metrics,
        "inputs": [each.dataset.digest for each in run.inputs.dataset_inputs],
    }


def _all(search: Any, *arguments: Any, **options: Any) -> Iterator[Any]:
    """Every page of a search."""
    token = None
    while True:
        page = search(*arguments, **options, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


@contextlib.contextmanager
def _server(store: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as log:
        command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", store]
        command += ["--port", str(port), "--workers", "1", "--artifacts-destination", folder]
        server = subprocess.Popen(
            command,
            cwd=folder,
            # Each process for jobs would import all of MLflow, and no job is asked for.
            env={
                **os.environ,
                "MLFLOW_ALLOW_FILE_STORE": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            },
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            _wait(url, server)
            yield url
        except BaseException:
            log.seek(0)
            sys.stderr.write(log.read().decode(errors="replace")[-4000:])
            raise
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            if answer.status == 200:
                return
        time.sleep(0.2)
    raise TimeoutError("the server does not answer")


if __name__ == "__main__":
    sys.exit(main())
