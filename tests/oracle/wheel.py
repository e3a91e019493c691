"""The revisions in a wheel of MLflow, read without importing it.

A wheel is fetched from PyPI, or is a file, or the MLflow that is installed.
"""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import json
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

GRAPHS = {
    "tracking": "mlflow/store/db_migrations/versions/",
    "auth": "mlflow/server/auth/db/migrations/versions/",
}
"""The folder of each graph's revision files, in the wheel."""

_PYPI = "https://pypi.org/pypi/mlflow/json"
_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class RevisionFile:
    """One revision of a graph, as its file says."""

    revision: str
    parent: str | None
    name: str
    """The file's name without its suffix."""
    source: str
    digest: str
    """Of the statements of the whole file, whatever its comments and blanks are."""


def installed_release() -> str:
    """The release of the MLflow that is installed."""
    return importlib.metadata.version("mlflow")


def newest_release() -> str:
    """The newest release of MLflow on PyPI that is no candidate."""
    with urllib.request.urlopen(_PYPI, timeout=_SECONDS) as answer:
        return str(json.load(answer)["info"]["version"])


def fetch(release: str, folder: Path) -> Path:
    """Downloads the wheel of a release into a folder."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    subprocess.run([*command, "--dest", folder, f"mlflow=={release}"], check=True)
    return next(folder.glob(f"mlflow-{release}-*.whl"))


def revisions(graph: str, wheel: Path | None = None) -> list[RevisionFile]:
    """The revisions of a graph from the oldest to the newest; without a wheel, the installed ones."""
    files = [_read(name, source) for name, source in _sources(GRAPHS[graph], wheel)]
    return _in_order([file for file in files if file])


def _sources(folder: str, wheel: Path | None) -> Iterator[tuple[str, str]]:
    if wheel is None:
        package = importlib.util.find_spec("mlflow")
        if package is None or package.origin is None:
            raise FileNotFoundError("MLflow is not installed")
        for path in (Path(package.origin).parent.parent / folder).glob("*.py"):
            yield path.stem, path.read_text()
        return
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(folder) and name.endswith(".py"):
                yield Path(name).stem, archive.read(name).decode()


def _read(name: str, source: str) -> RevisionFile | None:
    tree = ast.parse(source)
    # The first text says when a file was made, and for whom.
    if tree.body and isinstance(tree.body[0], ast.Expr):
        del tree.body[0]
    values = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    if "revision" not in values:
        return None
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()[:16]
    return RevisionFile(
        values["revision"], values.get("down_revision"), name, source, digest
    )


def _in_order(files: list[RevisionFile]) -> list[RevisionFile]:
    by_parent = {file.parent: file for file in files}
    if len(by_parent) != len(files):
        raise ValueError("two revisions follow the same one")
    ordered: list[RevisionFile] = []
    parent: str | None = None
    while parent in by_parent:
        ordered.append(by_parent[parent])
        parent = ordered[-1].revision
    if len(ordered) != len(files):
        raise ValueError("the revisions are no chain")
    return ordered
