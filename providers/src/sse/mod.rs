//! Server-sent events (WHATWG HTML §9.2): bytes in, frames out.

mod boundary;
mod frame;
mod framer;

pub(crate) use boundary::Boundary;
pub use frame::Frame;
pub use framer::{FRAME_LIMIT, Framer, TooLong};

#[cfg(test)]
mod tests;
