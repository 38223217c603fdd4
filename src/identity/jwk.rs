//! The public keys of whoever signs tokens (RFC 7517, RFC 7518 §6, RFC 8037).

use ring::signature::{
    self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use serde::Deserialize;

use super::jwt::{Algorithm, Token, decoded};

/// Most keys of a set that are looked at.
const MOST: usize = 100;
/// Bytes of the smallest and of the largest modulus of an RSA key.
const MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// A set of keys that can verify a token.
#[derive(Debug)]
pub(super) struct Jwks(Vec<Jwk>);

#[derive(Debug)]
struct Jwk {
    kid: Option<String>,
    /// The only algorithm, if the set names it.
    algorithm: Option<Algorithm>,
    key: Key,
}

#[derive(Debug)]
enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    P384(Vec<u8>),
    Ed25519(Vec<u8>),
}

#[derive(Deserialize)]
struct RawSet {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Raw {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl Jwks {
    /// Reads a set. Keys for other ends, or of kinds that are not known, are passed over; secret
    /// ones (`oct`) above all.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let set: RawSet =
            serde_json::from_slice(bytes).map_err(|_| "it is not a JSON Web Key Set")?;
        if set.keys.len() > MOST {
            return Err("it holds more than 100 keys");
        }
        let keys: Vec<Jwk> = set.keys.into_iter().filter_map(Jwk::read).collect();
        if keys.is_empty() {
            return Err("it holds no key that could verify a token (RSA, P-256, P-384, Ed25519)");
        }
        Ok(Self(keys))
    }

    /// Whether a key has this name.
    pub(super) fn names(&self, kid: Option<&str>) -> bool {
        kid.is_none_or(|kid| self.0.iter().any(|key| key.kid.as_deref() == Some(kid)))
    }

    /// Whether one of the keys that the token may mean has signed it. One that names no key means
    /// the only one of its kind.
    pub(super) fn verify(&self, token: &Token<'_>) -> bool {
        let of_name = |key: &&Jwk| token.kid.is_none() || key.kid == token.kid;
        let mut fit = self.0.iter().filter(of_name).filter(|key| key.takes(token.algorithm));
        if token.kid.is_none() {
            let (Some(only), None) = (fit.next(), fit.next()) else { return false };
            return only.verify(token);
        }
        fit.any(|key| key.verify(token))
    }
}

impl Jwk {
    fn read(raw: serde_json::Value) -> Option<Self> {
        let raw: Raw = serde_json::from_value(raw).ok()?;
        let verifies = raw.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        let may = raw.key_ops.as_ref().is_none_or(|ops| ops.iter().any(|op| op == "verify"));
        if !verifies || !may {
            return None;
        }
        let part = |text: &Option<String>| decoded(text.as_ref()?.as_bytes());
        let key = match (&*raw.kty, raw.crv.as_deref()) {
            ("RSA", _) => {
                let (n, e) = (unpadded(part(&raw.n)?), unpadded(part(&raw.e)?));
                MODULUS.contains(&n.len()).then_some(Key::Rsa { n, e })?
            }
            ("EC", Some("P-256")) => Key::P256(point(part(&raw.x)?, part(&raw.y)?, 32)?),
            ("EC", Some("P-384")) => Key::P384(point(part(&raw.x)?, part(&raw.y)?, 48)?),
            ("OKP", Some("Ed25519")) => Key::Ed25519(part(&raw.x)?),
            _ => return None,
        };
        let algorithm = match raw.alg {
            None => None,
            // One that is named and not known is for something else.
            Some(name) => Some(Algorithm::named(&name)?),
        };
        Some(Self { kid: raw.kid, algorithm, key })
    }

    /// Whether a token may be signed with this key in this way. The key decides: what a token says
    /// of itself never makes an RSA key a secret, or an algorithm weaker.
    fn takes(&self, algorithm: Algorithm) -> bool {
        use Algorithm::{EdDsa, Es256, Es384, Ps256, Ps384, Ps512, Rs256, Rs384, Rs512};
        let of_kind = match self.key {
            Key::Rsa { .. } => {
                matches!(algorithm, Rs256 | Rs384 | Rs512 | Ps256 | Ps384 | Ps512)
            }
            Key::P256(_) => algorithm == Es256,
            Key::P384(_) => algorithm == Es384,
            Key::Ed25519(_) => algorithm == EdDsa,
        };
        of_kind && self.algorithm.is_none_or(|only| only == algorithm)
    }

    fn verify(&self, token: &Token<'_>) -> bool {
        let (signed, signature) = (token.signed, &*token.signature);
        let plain = |how: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(how, key).verify(signed, signature).is_ok()
        };
        match &self.key {
            Key::Rsa { n, e } => rsa(token.algorithm).is_some_and(|how| {
                RsaPublicKeyComponents { n, e }.verify(how, signed, signature).is_ok()
            }),
            Key::P256(point) => plain(&signature::ECDSA_P256_SHA256_FIXED, point),
            Key::P384(point) => plain(&signature::ECDSA_P384_SHA384_FIXED, point),
            Key::Ed25519(key) => plain(&signature::ED25519, key),
        }
    }
}

const fn rsa(algorithm: Algorithm) -> Option<&'static RsaParameters> {
    match algorithm {
        Algorithm::Rs256 => Some(&signature::RSA_PKCS1_2048_8192_SHA256),
        Algorithm::Rs384 => Some(&signature::RSA_PKCS1_2048_8192_SHA384),
        Algorithm::Rs512 => Some(&signature::RSA_PKCS1_2048_8192_SHA512),
        Algorithm::Ps256 => Some(&signature::RSA_PSS_2048_8192_SHA256),
        Algorithm::Ps384 => Some(&signature::RSA_PSS_2048_8192_SHA384),
        Algorithm::Ps512 => Some(&signature::RSA_PSS_2048_8192_SHA512),
        Algorithm::Es256 | Algorithm::Es384 | Algorithm::EdDsa => None,
    }
}

/// A point of a curve, uncompressed (SEC 1 §2.3.3).
fn point(x: Vec<u8>, y: Vec<u8>, size: usize) -> Option<Vec<u8>> {
    (x.len() == size && y.len() == size).then(|| [&[4][..], &x, &y].concat())
}

/// A number without leading zeros.
fn unpadded(mut number: Vec<u8>) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.drain(..zeros);
    number
}
