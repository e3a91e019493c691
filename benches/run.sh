#!/bin/sh
# run.sh [estimates|copy|windows] [options] [CASE ...]: builds mlflow-migrate as it is shipped, sets up MLflow to compare
# with, and runs benchmark.py, whose options these are (--help), or with "estimates" first, estimates.py, or with
# "copy", copying.py, or with "windows", windows.py. With --binary PATH nothing is built. MLFLOW_MIGRATE_VENV:
# where the environment with MLflow is, or shall be; by default .venv in the clone.
set -eu
program=benchmark.py
if [ "${1:-}" = estimates ]; then
    program=estimates.py
    shift
elif [ "${1:-}" = copy ]; then
    program=copying.py
    shift
elif [ "${1:-}" = windows ]; then
    program=windows.py
    shift
fi
repository=$(cd "$(dirname "$0")/.." && pwd)
python=$(sh "$repository/tests/oracle/setup.sh" "${MLFLOW_MIGRATE_VENV:-$repository/.venv}" | tail -n 1)
for argument; do
    case $argument in
        --binary | --binary=* | --from | --from=* | -h | --help)
            exec "$python" "$repository/benches/$program" "$@" ;;
    esac
done
target=${CARGO_TARGET_DIR:-$repository/target}
cargo build --profile dist --locked --quiet --manifest-path "$repository/Cargo.toml" -p mlflow-migrate --target-dir "$target"
exec "$python" "$repository/benches/$program" --binary "$target/dist/mlflow-migrate" "$@"
