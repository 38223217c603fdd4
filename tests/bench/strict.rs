//! What the strict configuration goes by: tokens, a name server, and a certificate that is pinned.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::Result;

/// Far enough away: 2100.
const EXPIRES: u64 = 4_102_444_800;

/// A cluster that issues ServiceAccount tokens.
pub struct Issuer(Ed25519KeyPair);

impl Issuer {
    pub fn new() -> Result<Self> {
        let key =
            Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|e| e.to_string())?;
        Ok(Self(Ed25519KeyPair::from_pkcs8(key.as_ref()).map_err(|e| e.to_string())?))
    }

    /// Its keys, as it shows them.
    pub fn jwks(&self) -> String {
        let key = URL_SAFE_NO_PAD.encode(self.0.public_key());
        json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "alg": "EdDSA", "use": "sig", "x": key}]})
            .to_string()
    }

    /// A token of a ServiceAccount, as Kubernetes projects it.
    pub fn token(&self, namespace: &str, name: &str) -> String {
        let claims = json!({
            "iss": "https://kubernetes.default.svc.cluster.local", "aud": ["egret"],
            "sub": format!("system:serviceaccount:{namespace}:{name}"),
            "exp": EXPIRES, "iat": 1_767_225_600, "nbf": 1_767_225_600,
            "jti": "0b1f7a0c-6d0f-4c0e-9d50-5d7d3c6f0f11",
            "kubernetes.io": {
                "namespace": namespace,
                "pod": {"name": format!("{name}-5c9d"), "uid": "4f0e2c55-8f0b-4c8e-9f4b-7d4f1a2b3c4d"},
                "serviceaccount": {"name": name, "uid": "c0ffee00-0000-4000-8000-000000000000"},
            },
        });
        let header = json!({"alg": "EdDSA", "kid": "1", "typ": "JWT"});
        let parts = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
        let signed = parts.join(".");
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

/// Starts a name server that finds every name on this machine. It lasts as long as the process.
pub fn name_server() -> Result<SocketAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = socket.local_addr()?;
    thread::spawn(move || {
        let mut packet = [0; 4096];
        // What can't be received or sent was not asked by the proxy under test, or it asks again.
        while let Ok((length, whom)) = socket.recv_from(&mut packet) {
            if let Some(answer) = answer(&packet[..length]) {
                let _ = socket.send_to(&answer, whom);
            }
        }
    });
    Ok(address)
}

fn answer(packet: &[u8]) -> Option<Vec<u8>> {
    let mut message = Message::from_vec(packet).ok()?.into_response();
    message.edns = None;
    let question = message.queries.first()?;
    if question.query_type() == RecordType::A {
        let address = RData::A(A(Ipv4Addr::LOCALHOST));
        let record = Record::from_rdata(question.name().clone(), 60, address);
        message.add_answer(record);
    }
    message.to_vec().ok()
}

/// The pin of a certificate in PEM.
pub fn pin(pem: &str) -> Result<String> {
    let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let digest = Sha256::digest(STANDARD.decode(base64)?);
    Ok(format!("cert-sha256/{}", STANDARD.encode(digest)))
}
