//! The store that replicas share, as it is written.

use super::RawSecret;
use crate::budget::Outage;
use crate::config::decode::{Chosen, Decode, List, read_from_map, section};
use crate::config::node::{Kind, Node};
use crate::config::problem::Problems;
use crate::config::value::{Plaintext, Switch};

section! {
    /// The store that replicas share.
    RawStore {
        redis: String,
        sentinel: RawSentinel,
        cluster: List<String>,
        plaintext: Plaintext,
        tls: RawStoreTls,
        username: String,
        password: RawSecret,
        prefix: String,
        outage: Chosen<Outage>,
    }
}

section! {
    /// Sentinels, and what they call the primary.
    RawSentinel { addresses: List<String>, primary: String, }
}

section! {
    /// How a store proves who it is.
    RawStoreCa { ca: String, }
}

read_from_map! { RawStore RawSentinel }

/// Whether a store is reached by TLS, and what is trusted.
#[derive(Clone, Debug)]
pub(in crate::config) enum RawStoreTls {
    /// `true` or `false`, in words.
    Plain(bool),
    /// By a CA of its own.
    Ca(RawStoreCa),
}

impl Decode for RawStoreTls {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(_) => Switch::decode(node, key, problems).map(|on| Self::Plain(on.0)),
            _ => RawStoreCa::from_map(node, key, problems).map(Self::Ca),
        }
    }
}
