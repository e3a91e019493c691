# What people run here; `just` lists it.

_:
    @just --list

# Upgrade the sample, as the README does
sample:
    cp examples/mlruns-1.2.0.db /tmp/mlruns.db && cargo run -- upgrade /tmp/mlruns.db

# Run the tests that need no server
test:
    MLFLOW_MIGRATE_TEST_URLS=none cargo test --workspace

# Run the tests on every server, with private ones
test-servers *FILTER:
    tests/servers/run.sh cargo test --workspace -- {{FILTER}}

# Check format, prose and lints
lint:
    cargo fmt --all --check
    .ci/prose
    .ci/prose --rust
    cargo clippy --workspace --all-targets -- -D warnings

# Run everything that CI runs
ci:
    .ci/run

# Build the program as it is shipped
dist:
    cargo build --profile dist

# Build, install and try the Python wheel
wheel:
    .ci/wheel

# Measure against MLflow
bench *OPTIONS:
    benches/run.sh {{OPTIONS}}
