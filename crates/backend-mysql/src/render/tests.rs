//! Statements rendered for servers, installed or not.

mod automatic;
mod history;
mod order;
