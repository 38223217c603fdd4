//! Which backends may serve a model, and in which order they are tried. Candidates only: whether
//! the caller may use them is decided in [`crate::admission`].

mod health;
mod table;

pub use health::Health;
pub use table::{candidates, find, find_path};
