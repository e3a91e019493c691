#!/bin/sh
# old_mlflow.sh VERSION VENV_DIR: makes VENV_DIR a Python environment in which the tracking store of that MLflow
# runs, with drivers for PostgreSQL and MySQL, and prints its python, last.
#
# mlflow-skinny has the store and everything that it imports, save the packages named here. An old MLflow
# allows newer major versions of some than it runs with.
set -eu

[ $# -eq 2 ] || { echo "usage: old_mlflow.sh VERSION VENV_DIR" >&2; exit 2; }
version=$1
venv=$2
python=$venv/bin/python

ready() {
    [ -x "$python" ] && "$python" - "$version" >/dev/null 2>&1 <<'PY'
import importlib.metadata as metadata, sys
assert metadata.version("mlflow-skinny") == sys.argv[1]
import mlflow.store.tracking.sqlalchemy_store, psycopg2, pymysql, cryptography
PY
}

if ! ready; then
    [ -x "$python" ] || "${PYTHON:-python3}" -m venv "$venv"
    "$python" -m pip install --quiet --disable-pip-version-check \
        "mlflow-skinny==$version" "sqlalchemy<2.1" "alembic<2" "setuptools<80" "numpy<3" "pandas<3" \
        "Flask<4" cachetools sqlparse psycopg2-binary pymysql cryptography
    ready || { echo "old_mlflow.sh: $venv does not hold MLflow $version" >&2; exit 1; }
fi
echo "$(cd "$(dirname "$python")" && pwd)/python"
