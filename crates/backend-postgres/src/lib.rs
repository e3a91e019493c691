//! The PostgreSQL backend of mlflow-migrate: an empty crate so far.
