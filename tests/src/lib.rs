//! What is asserted of every backend, written once.

pub mod reference;
