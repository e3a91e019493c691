"""What has to be known of a machine and its programs to judge times that were measured there."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any


def describe(binary: Path) -> dict[str, Any]:
    """The machine, the versions of both programs, the time, and how busy the machine was."""
    return {
        "cpu": _value_in("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory_mib": int(_value_in("/proc/meminfo", "MemTotal").split()[0]) // 1024,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "mlflow": importlib.metadata.version("mlflow"),
        "sqlalchemy": importlib.metadata.version("sqlalchemy"),
        "mlflow-migrate": _version_of(binary),
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "load_average": os.getloadavg()[0],
    }


def _value_in(path: str, key: str) -> str:
    for line in Path(path).read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == key:
            return value.strip()
    return "unknown"


def _version_of(binary: Path) -> str:
    said = subprocess.run([binary, "--version"], check=True, capture_output=True, text=True)
    return said.stdout.split()[1]
