//! What is rendered for servers that are not at hand, and for those that are.

mod automatic;
mod history;
mod order;
