#!/bin/sh
# Makes VENV_DIR a Python environment in which MLflow 3.18.0 runs, with the drivers for all servers,
# and prints its python, last.
#
# 3.18.0 pins an mlflow-skinny that not every index carries, so the wheel goes in without its
# dependencies, on top of those of 3.17.2 (requirements.txt: a freeze of an environment that works).
# It must come second: mlflow-skinny holds older copies of files that the full wheel has too.
set -eu

[ $# -eq 1 ] || { echo "usage: setup.sh VENV_DIR" >&2; exit 2; }
venv=$1
here=$(cd "$(dirname "$0")" && pwd)
python=$venv/bin/python
wanted=3.18.0
head=f4a9b2c7d1e6

ready() {
    [ -x "$python" ] && "$python" - "$wanted" "$head" >/dev/null 2>&1 <<'PY'
import importlib.metadata as metadata, pathlib, sys
wanted, head = sys.argv[1:]
assert metadata.version("mlflow") == wanted
for driver in ("psycopg", "psycopg-binary", "PyMySQL"):
    metadata.version(driver)
versions = metadata.distribution("mlflow").locate_file("mlflow/store/db_migrations/versions")
assert list(pathlib.Path(versions).glob(f"{head}_*.py"))
PY
}

if ! ready; then
    [ -x "$python" ] || "${PYTHON:-python3}" -m venv "$venv"
    "$python" -m pip install --quiet --disable-pip-version-check \
        --no-deps --requirement "$here/requirements.txt"
    "$python" -m pip install --quiet --disable-pip-version-check \
        --no-deps --force-reinstall "mlflow==$wanted"
    ready || { echo "setup.sh: $venv does not hold MLflow $wanted" >&2; exit 1; }
fi
# An absolute path: tests run in folders of their own.
echo "$(cd "$(dirname "$python")" && pwd)/python"
