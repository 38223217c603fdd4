//! How the names of backends are resolved, as it is written.

use std::time::Duration;

use crate::config::decode::{Decode, List, Named, Texts, read_from_map, section};
use crate::config::dns::Attempts;
use crate::config::node::{Kind, Node};
use crate::config::problem::Problems;
use crate::config::value::Switch;
use crate::resolve::{Family, NamePattern, Server};

section! {
    /// How the names of backends are resolved.
    RawDns {
        servers: List<Server>,
        ca: String,
        allow: List<NamePattern>,
        min_ttl: Duration,
        max_ttl: Duration,
        stale: Duration,
        timeout: Duration,
        attempts: Attempts,
        family: Family,
        dnssec: RawDnssec,
        reverse: Named<Texts>,
    }
}

read_from_map! { RawDns }

section! {
    /// Which keys signatures are held to.
    RawAnchors { anchors: String, }
}

/// Whether answers are validated, and what is trusted.
#[derive(Clone, Debug)]
pub(in crate::config) enum RawDnssec {
    /// `true` or `false`, in words.
    Plain(bool),
    /// By keys of its own.
    Anchors(RawAnchors),
}

impl Decode for RawDnssec {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        match &node.kind {
            Kind::Scalar(_) => Switch::decode(node, key, problems).map(|on| Self::Plain(on.0)),
            _ => RawAnchors::from_map(node, key, problems).map(Self::Anchors),
        }
    }
}
