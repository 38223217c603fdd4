#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

pub(crate) mod server;

mod calls;
mod interleavings;
mod ledgers;
mod outage;
mod rules;
mod topology;
