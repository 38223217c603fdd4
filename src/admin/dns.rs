//! `/dns`: how the names of backends stand.

use std::net::IpAddr;
use std::time::Duration;

use http::StatusCode;
use serde::Serialize;

use super::answer::Answer;
use crate::proxy::Gateway;
use crate::resolve::Status;

/// All of them.
#[derive(Serialize)]
struct Told {
    names: Vec<Name>,
}

/// One name. Times are in seconds.
#[derive(Serialize)]
struct Name {
    name: String,
    allow_private: bool,
    addresses: Vec<IpAddr>,
    /// How old the answer is.
    age: Option<f64>,
    /// How long it is good for.
    fresh: f64,
    /// How long it is used if no new one comes.
    usable: f64,
    /// Whether a new one is overdue.
    stale: bool,
    /// Lookups in a row that have failed.
    failures: u32,
    /// Why the last one has.
    error: Option<String>,
    /// Addresses in the last answer that may not be used, and what they are.
    refused: Vec<String>,
}

/// How all names stand.
pub(super) fn show(gateway: &Gateway) -> Answer {
    let names = gateway.resolver.status().into_iter().map(Name::of).collect();
    Answer::json(StatusCode::OK, &Told { names })
}

impl Name {
    fn of(status: Status) -> Self {
        let Status { name, addresses, age, fresh, usable, failures, failure, refused, .. } = status;
        Self {
            name: name.host,
            allow_private: name.allow_private,
            stale: age.is_some() && fresh.is_zero(),
            addresses,
            age: age.as_ref().map(Duration::as_secs_f64),
            fresh: fresh.as_secs_f64(),
            usable: usable.as_secs_f64(),
            failures,
            error: failure.map(|failure| failure.to_string()),
            refused: refused.iter().map(ToString::to_string).collect(),
        }
    }
}
