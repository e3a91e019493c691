//! Implements the parts of Python with which MLflow's data migrations compute.
//!
//! A few of MLflow's revisions read rows, compute new values in Python, and write these back.
//! `75868b020152` fills the trace analytics columns, `8b6ad64cb8f5` the issue categories. A
//! database upgraded by this program must hold the same values, to the bit, as one upgraded by
//! `mlflow db upgrade`. Rust's rules differ from Python's in many small ways: which texts are JSON,
//! which are numbers, and what white space is. This module follows Python's rules for the functions
//! that those revisions call:
//!
//! * [`json::loads`] is `json.loads` of a `str`, and `encoding::decode` its decoding of `bytes`;
//! * [`number::finite_float`] and [`number::token_count`] are MLflow's `finite_float_or_none` and
//!   `token_count_or_none`, with Python's `float(...)` and `Decimal(str(...))` beneath;
//! * [`text`] has `str.strip`, `str.lower` and `text[:length]`.
//!
//! The reader of file stores follows the same rules, so most of this module is public.
//!
//! The reference is CPython 3.11 (Unicode 14). `tests/oracle/python_semantics.py` computes, with a
//! real Python, the expected results of the unit tests.

mod decimal;
pub(crate) mod encoding;
mod float;
pub mod integer;
pub mod json;
mod literal;
pub mod number;
pub mod string;
pub mod text;
mod unicode;

#[cfg(test)]
mod tests;
