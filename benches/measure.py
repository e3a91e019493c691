"""Runs a command and measures it: seconds, peak memory, and whether it came to its end in time."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import IO

from results import Run

_BETWEEN_LOOKS = 0.005
_LENGTH_OF_MESSAGE = 2000


def run(command: list[str], limit: float, said: Path | None = None) -> Run:
    """Runs a command to its end, or kills it after `limit` seconds; `said` gets its output."""
    with said.open("w+b") if said else tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
        watch = _Watch(child, started + limit)
        watch.start()
        try:
            # Without a timeout: with one, Python looks only every 50 ms whether it has ended.
            child.wait()
            seconds = time.perf_counter() - started
        finally:
            child.kill()
            child.wait()
            watch.join()
        if watch.killed:
            return Run(seconds, watch.peak_kib, "limit")
        if child.returncode != 0:
            return Run(seconds, watch.peak_kib, "failed", _end_of(output))
        return Run(seconds, watch.peak_kib)


class _Watch(threading.Thread):
    """Looks at a process while it runs: at its memory, and at the clock."""

    def __init__(self, child: subprocess.Popen[bytes], deadline: float) -> None:
        super().__init__(daemon=True)
        self.peak_kib = 0
        self.killed = False
        self._child = child
        self._deadline = deadline

    def run(self) -> None:
        while self._child.returncode is None:
            self.peak_kib = max(self.peak_kib, _peak_of(self._child.pid))
            if time.perf_counter() > self._deadline:
                self.killed = True
                self._child.kill()
                return
            time.sleep(_BETWEEN_LOOKS)


def _peak_of(process: int) -> int:
    """KiB a process has had at most so far. (`ru_maxrss` begins with those of its parent.)"""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    peak = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(peak[0].split()[1]) if peak else 0


def _end_of(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace").strip()[-_LENGTH_OF_MESSAGE:]
