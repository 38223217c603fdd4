//! Who is believed about who calls, as it is written.

use std::time::Duration;

use super::RawSecret;
use crate::config::decode::{Decode, Field, List, Named, Texts, read_from_map, section};
use crate::config::node::{Kind, Node};
use crate::config::problem::Problems;
use crate::identity::{ClaimPath, Unlisted};

section! {
    /// Who is believed about who calls.
    RawIdentity { kubernetes: RawKubernetes, jwt: List<RawJwt>, mtls: RawMtls, }
}

section! {
    /// A cluster's ServiceAccount tokens.
    RawKubernetes {
        issuer: String,
        audience: Texts,
        jwks: RawJwks,
        token_review: RawReview,
        unlisted: Unlisted,
    }
}

section! {
    /// Somebody's tokens.
    RawJwt {
        name: String,
        issuer: String,
        audience: Texts,
        jwks: RawJwks,
        claims: RawClaims,
        unlisted: Unlisted,
    }
}

section! {
    /// Callers' certificates.
    RawMtls { trust_domains: Texts, unlisted: Unlisted, }
}

section! {
    /// Where an issuer's keys are.
    RawJwks { url: String, file: String, ca: String, token: RawSecret, refresh: Duration, }
}

section! {
    /// An API server that is asked about tokens.
    RawReview { url: String, ca: String, token: RawSecret, cache: Duration, stale: Duration, }
}

section! {
    /// The claims that tell who calls.
    RawClaims {
        caller: ClaimPath,
        group: ClaimPath,
        namespace: ClaimPath,
        service_account: ClaimPath,
        labels: Named<ClaimPath>,
    }
}

read_from_map! { RawIdentity RawKubernetes RawJwt RawMtls RawJwks RawReview RawClaims }

impl Decode for ClaimPath {
    fn decode(node: &Node, key: &str, problems: &mut Problems) -> Option<Self> {
        let Kind::List(items) = &node.kind else {
            return String::decode(node, key, problems).map(Self::Text);
        };
        if items.is_empty() {
            let what = format!("`{key}` is empty: it leads to no claim");
            problems.add(node.mark, what, "groups, or [realm_access, roles]");
            return None;
        }
        let steps: List<String> = List::decode(node, key, problems)?;
        steps.into_iter().map(Field::value).collect::<Option<_>>().map(Self::Steps)
    }
}
