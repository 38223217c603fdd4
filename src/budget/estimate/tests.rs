#![allow(clippy::unwrap_used)]

mod corpus;
mod cost;
mod hostile;
mod input;
mod measured;
mod output;
mod spread;
