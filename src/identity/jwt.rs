//! Signed tokens in their compact form (RFC 7519, RFC 7515), read strictly (RFC 8725).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::json::{Json, Object};
use super::refused::Refused;

/// Longest token. Kubernetes' have about 1 KiB, those with many groups 4 KiB.
const LONGEST: usize = 16 << 10;
/// The types that a token of access may say it has (RFC 9068); what else is signed with the same
/// keys (a logout, a proof of possession) is not for us.
const TYPES: [&str; 4] = ["jwt", "application/jwt", "at+jwt", "application/at+jwt"];

/// How a token is signed. Only signatures that need a private key: who can verify can't sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    const NAMES: [(&'static str, Self); 10] = [
        ("RS256", Self::Rs256),
        ("RS384", Self::Rs384),
        ("RS512", Self::Rs512),
        ("PS256", Self::Ps256),
        ("PS384", Self::Ps384),
        ("PS512", Self::Ps512),
        ("ES256", Self::Es256),
        ("ES384", Self::Es384),
        ("EdDSA", Self::EdDsa),
        // RFC 9864's own name for it.
        ("Ed25519", Self::EdDsa),
    ];

    /// The algorithm of this name (RFC 7518 §3.1), if it is one of these.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm)
    }
}

/// A token whose signature nobody has looked at yet.
#[derive(Debug)]
pub(super) struct Token<'a> {
    /// What the signature covers.
    pub signed: &'a [u8],
    /// The signature.
    pub signature: Vec<u8>,
    /// How it says that it is signed; a key decides whether that counts.
    pub algorithm: Algorithm,
    /// The name of the key.
    pub kid: Option<String>,
    /// What it says.
    pub claims: Object,
}

/// What the header says; `jwk`, `jku`, `x5c` and `x5u` are not looked at: a token doesn't say whose
/// keys are good.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<serde::de::IgnoredAny>,
}

impl<'a> Token<'a> {
    /// Reads a token.
    pub(super) fn read(text: &'a [u8]) -> Result<Self, Refused> {
        let broken = || Refused::new("token_broken", "the token can't be read; get a new one");
        if text.len() > LONGEST {
            let message = "the token is longer than 16 KiB; get one with fewer claims";
            return Err(Refused::new("token_broken", message));
        }
        let last = text.iter().rposition(|byte| *byte == b'.').ok_or_else(broken)?;
        let (signed, signature) = text.split_at(last);
        let signature = decoded(signature.get(1..).unwrap_or_default()).ok_or_else(broken)?;
        let mut parts = signed.split(|byte| *byte == b'.');
        let (Some(header), Some(claims), None) = (parts.next(), parts.next(), parts.next()) else {
            return Err(broken());
        };
        let header = decoded(header).ok_or_else(broken)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| broken())?;
        let algorithm = Algorithm::named(&header.alg).ok_or_else(|| {
            let message =
                "the token is not signed in a way that is accepted (RS256, ES256, EdDSA …)";
            Refused::new("token_algorithm", message)
        })?;
        // An extension that must be understood is none that is (RFC 7515 §4.1.11).
        if header.crit.is_some() {
            let message = "the token has an extension (`crit`) that is not known here";
            return Err(Refused::new("token_broken", message));
        }
        if header.typ.is_some_and(|typ| !TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)))
        {
            let message = "the token is of another type (`typ`) than a token for calling";
            return Err(Refused::new("token_type", message));
        }
        let claims = decoded(claims).ok_or_else(broken)?;
        match serde_json::from_slice(&claims).map_err(|_| broken())? {
            Json::Map(claims) => Ok(Self { signed, signature, algorithm, kid: header.kid, claims }),
            _ => Err(broken()),
        }
    }
}

/// Base64url without padding, in its one canonical spelling (RFC 7515 §2).
pub(super) fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}
