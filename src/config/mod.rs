//! The configuration: read with places, checked whole, resolved, watched.
//!
//! The way of a file: YAML → `node` → `raw` → `resolve` → [`Snapshot`](crate::snapshot::Snapshot).
//! Every step goes on after a mistake, so that one run reports all of them.

mod check;
mod decode;
mod dns;
mod environment;
mod money;
mod node;
mod problem;
mod raw;
mod read_file;
mod resolve;
mod source;
mod suggest;
mod value;
mod watch;

#[cfg(test)]
mod tests;

pub use check::check;
pub use problem::{Mark, Problem, Problems};
pub use resolve::Surroundings;
pub use source::{LoadError, Source};
pub use watch::{Live, Reloads, Watch};
