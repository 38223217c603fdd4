//! Who is believed about who calls, as it is written.

use std::time::Duration;

use super::RawSecret;
use crate::config::decode::{List, Named, Texts, read_from_map, section};
use crate::identity::Unlisted;

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
        caller: String,
        group: String,
        namespace: String,
        service_account: String,
        labels: Named<String>,
    }
}

read_from_map! { RawIdentity RawKubernetes RawJwt RawMtls RawJwks RawReview RawClaims }
