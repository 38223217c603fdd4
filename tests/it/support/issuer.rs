//! An issuer of tokens: its keys, the tokens it signs, and the server that shows its keys.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio_rustls::rustls;

/// What the issuer calls itself.
pub const ISSUER: &str = "https://kubernetes.default.svc.cluster.local";
/// Whom its tokens are for.
pub const AUDIENCE: &str = "egret";

/// A key that signs tokens.
pub struct Signer {
    pub kid: String,
    key: Key,
}

enum Key {
    P256(EcdsaKeyPair),
    P384(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(Box<RsaKeyPair>),
}

pub fn base64url(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn on_curve(how: &'static EcdsaSigningAlgorithm) -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(how, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(how, key.as_ref(), &random).unwrap()
}

/// A public key on this curve: the halves of its uncompressed point (RFC 7518 §6.2.1).
fn point(curve: &str, key: &EcdsaKeyPair, kid: &str, alg: &str) -> Value {
    let point = &key.public_key().as_ref()[1..];
    let (x, y) = point.split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "kid": kid, "alg": alg, "use": "sig",
        "x": base64url(x), "y": base64url(y)})
}

impl Signer {
    /// A new key on P-256.
    pub fn p256(kid: &str) -> Self {
        let key = on_curve(&ECDSA_P256_SHA256_FIXED_SIGNING);
        Self { kid: kid.to_owned(), key: Key::P256(key) }
    }

    /// A new key on P-384.
    pub fn p384(kid: &str) -> Self {
        let key = on_curve(&ECDSA_P384_SHA384_FIXED_SIGNING);
        Self { kid: kid.to_owned(), key: Key::P384(key) }
    }

    /// A new Ed25519 key.
    pub fn ed25519(kid: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap();
        Self { kid: kid.to_owned(), key: Key::Ed25519(key) }
    }

    /// An RSA key: always the same, since ring makes none.
    pub fn rsa(kid: &str) -> Self {
        let pem = include_bytes!("issuer-rsa.pem");
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem).unwrap();
        let key = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).unwrap();
        Self { kid: kid.to_owned(), key: Key::Rsa(Box::new(key)) }
    }

    /// The algorithm that its tokens name.
    pub const fn algorithm(&self) -> &'static str {
        match self.key {
            Key::P256(_) => "ES256",
            Key::P384(_) => "ES384",
            Key::Ed25519(_) => "EdDSA",
            Key::Rsa(_) => "RS256",
        }
    }

    /// The public key as its issuer shows it.
    pub fn jwk(&self) -> Value {
        let (kid, alg) = (&self.kid, self.algorithm());
        match &self.key {
            Key::P256(key) => point("P-256", key, kid, alg),
            Key::P384(key) => point("P-384", key, kid, alg),
            Key::Ed25519(key) => {
                json!({"kty": "OKP", "crv": "Ed25519", "kid": kid, "alg": alg, "use": "sig",
                    "x": base64url(key.public_key())})
            }
            Key::Rsa(key) => {
                let PublicKeyComponents { n, e } =
                    PublicKeyComponents::<Vec<u8>>::from(key.public());
                json!({"kty": "RSA", "kid": kid, "alg": alg, "use": "sig",
                    "n": base64url(n), "e": base64url(e)})
            }
        }
    }

    /// Signs whatever it is.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.key {
            Key::P256(key) | Key::P384(key) => {
                key.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Key::Ed25519(key) => key.sign(message).as_ref().to_vec(),
            Key::Rsa(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    /// A signed token with this header and these claims, as they are written.
    pub fn token_of(&self, header: &str, claims: &str) -> String {
        let signed = format!("{}.{}", base64url(header), base64url(claims));
        let signature = base64url(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }

    /// A signed token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": self.algorithm(), "kid": self.kid});
        self.token_of(&header.to_string(), &claims.to_string())
    }
}

/// The key set with these keys.
pub fn jwks(signers: &[&Signer]) -> String {
    let keys: Vec<Value> = signers.iter().map(|signer| signer.jwk()).collect();
    json!({ "keys": keys }).to_string()
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// The claims of a ServiceAccount token, as Kubernetes projects it.
pub fn service_account(namespace: &str, name: &str) -> Value {
    json!({
        "iss": ISSUER,
        "aud": [AUDIENCE],
        "sub": format!("system:serviceaccount:{namespace}:{name}"),
        "exp": now() + 3600,
        "iat": now(),
        "nbf": now(),
        "jti": "0b1f7a0c-6d0f-4c0e-9d50-5d7d3c6f0f11",
        "kubernetes.io": {
            "namespace": namespace,
            "pod": {"name": format!("{name}-5c9d"), "uid": "4f0e2c55-8f0b-4c8e-9f4b-7d4f1a2b3c4d"},
            "serviceaccount": {"name": name, "uid": "c0ffee00-0000-4000-8000-000000000000"},
        },
    })
}

/// The same with some claims changed; `null` takes one away.
pub fn but(mut claims: Value, changes: Value) -> Value {
    let claims_of = claims.as_object_mut().unwrap();
    for (claim, value) in changes.as_object().unwrap() {
        if value.is_null() {
            claims_of.remove(claim);
        } else {
            claims_of.insert(claim.clone(), value.clone());
        }
    }
    claims
}
