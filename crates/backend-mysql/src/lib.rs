//! The MySQL backend of mlflow-migrate: an empty crate so far.
