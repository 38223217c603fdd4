//! TLS toward a backend: what is trusted, what is shown.

use std::net::IpAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::sign::CertifiedKey;

use super::{Resolver, Seen};
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::RawTls;
use crate::credential::Secret;
use crate::snapshot::{ClientIdentity, Pin, SubjectName, TlsPolicy, TlsVersion};

impl Resolver<'_> {
    /// The policy of a backend that is reached by TLS, or not (`wanted`), at `host`.
    pub(super) fn tls(
        &mut self,
        raw: Field<RawTls>,
        wanted: bool,
        host: Option<(Mark, &str)>,
    ) -> Option<TlsPolicy> {
        let raw = match raw {
            Field::Given(mark, _) if !wanted => {
                let what = "`tls` says how to verify, and the URL begins with http://";
                self.problems.add(mark, what, "https:// in `url`, or no `tls`");
                return None;
            }
            raw => raw.value(),
        };
        if !wanted {
            return None;
        }
        let RawTls { ca, sni, certificate, key, sans, pins, min_version, crl } =
            raw.unwrap_or(RawTls {
                ca: Field::Absent,
                sni: Field::Absent,
                certificate: Field::Absent,
                key: Field::Absent,
                sans: Field::Absent,
                pins: Field::Absent,
                min_version: Field::Absent,
                crl: Field::Absent,
            });
        let ca = self.ca(ca);
        let identity = self.identity(certificate, key);
        let named = !matches!(sans, Field::Absent);
        let sans = self.sans(sans);
        let pins = self.pins(pins);
        let revocation = self.revocation(crl);
        let sni = self.sni(sni, host, named)?;
        Some(TlsPolicy {
            sni,
            sans,
            ca: ca.map(Arc::new),
            identity: identity.map(Arc::new),
            pins,
            min_version: min_version.or(TlsVersion::default()),
            revocation: revocation.map(Arc::new),
        })
    }

    /// The server name. `named`: the certificate is verified by other names.
    fn sni(
        &mut self,
        sni: Field<String>,
        host: Option<(Mark, &str)>,
        named: bool,
    ) -> Option<String> {
        let (mark, name) = match sni {
            Field::Wrong => return None,
            Field::Given(mark, name) => (mark, name),
            Field::Absent => {
                let (mark, host) = host?;
                if !named && host.parse::<IpAddr>().is_ok() {
                    let what = "https:// to an address without a name to verify";
                    let remedy = "tls: { sni: name.in.its.certificate }, or { sans: [\"ip:…\"] }";
                    self.problems.add(mark, what, remedy);
                    return None;
                }
                (mark, host.to_owned())
            }
        };
        // rustls would take an underscore, which no public CA may sign.
        if name.contains('_') || ServerName::try_from(name.as_str()).is_err() {
            let what = "this is not a name that a certificate can have";
            self.problems.add(mark, what, "a DNS name such as api.openai.com");
        }
        Some(name)
    }

    /// Names of which the certificate must have one.
    fn sans(&mut self, raw: Field<List<String>>) -> Vec<SubjectName> {
        let remedy = "\"dns:name.example\", \"ip:10.0.0.1\" or \"uri:spiffe://domain/path\"";
        let mut seen = Seen::new("the name");
        let mut names = Vec::new();
        for (mark, text) in self.entries(raw, "sans", remedy, None) {
            seen.check(mark, &text, "it once", self.problems);
            match subject_name(&text) {
                Ok(name) => names.push(name),
                Err(what) => self.problems.add(mark, what, remedy),
            }
        }
        names
    }

    /// What a certificate of the chain must be.
    fn pins(&mut self, raw: Field<List<String>>) -> Vec<Pin> {
        let remedy = "\"sha256/…\" of a public key or \"cert-sha256/…\" of a certificate: the \
                      SHA-256 in base64, 44 characters";
        let mut seen = Seen::new("the pin");
        let mut pins = Vec::new();
        for (mark, text) in self.entries(raw, "pins", remedy, None) {
            seen.check(mark, &text, "it once", self.problems);
            match pin(&text) {
                Some(pin) => pins.push(pin),
                None => self.problems.add(mark, "this is not a pin", remedy),
            }
        }
        pins
    }

    fn ca(&mut self, raw: Field<String>) -> Option<Vec<Vec<u8>>> {
        let (mark, path) = raw.given()?;
        let pem = self.read(mark, &path)?;
        let certificates = self.anchors(mark, &pem)?;
        Some(certificates.into_iter().map(|certificate| certificate.to_vec()).collect())
    }

    /// A PEM file of CA certificates, as it is.
    pub(super) fn ca_pem(&mut self, mark: Mark, path: &str) -> Option<Vec<u8>> {
        let pem = self.read(mark, path)?;
        self.anchors(mark, &pem)?;
        Some(pem)
    }

    /// Certificates that can be trusted in.
    pub(super) fn anchors(
        &mut self,
        mark: Mark,
        pem: &[u8],
    ) -> Option<Vec<CertificateDer<'static>>> {
        let certificates = self.certificates(mark, pem)?;
        let mut roots = RootCertStore::empty();
        if certificates.iter().any(|certificate| roots.add(certificate.clone()).is_err()) {
            let what = "the file holds a certificate that cannot be a trust anchor";
            self.problems.add(mark, what, "a PEM file of CA certificates");
        }
        Some(certificates)
    }

    fn identity(&mut self, chain: Field<String>, key: Field<String>) -> Option<ClientIdentity> {
        let (chain_at, chain) = match (chain, &key) {
            (Field::Given(mark, _), Field::Absent) => {
                self.problems.add(mark, "`certificate` without `key`", "both, or neither");
                return None;
            }
            (Field::Absent, Field::Given(mark, _)) => {
                self.problems.add(*mark, "`key` without `certificate`", "both, or neither");
                return None;
            }
            (chain, _) => chain.given()?,
        };
        let (key_at, key) = key.given()?;
        let chain = self.read(chain_at, &chain).and_then(|pem| self.certificates(chain_at, &pem));
        let key = self.private_key(key_at, &key);
        let (chain, key) = (chain?, key?);
        let identity = ClientIdentity {
            chain: chain.iter().map(|certificate| certificate.to_vec()).collect(),
            key: Secret::new(key.secret_der().to_vec()),
        };
        if CertifiedKey::from_der(chain, key, &ring::default_provider()).is_err() {
            let what = "`key` is not the key of `certificate`";
            self.problems.add(key_at, what, "the private key of the first certificate");
        }
        Some(identity)
    }

    pub(super) fn certificates(
        &mut self,
        mark: Mark,
        pem: &[u8],
    ) -> Option<Vec<CertificateDer<'static>>> {
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        match certificates {
            Ok(certificates) if !certificates.is_empty() => Some(certificates),
            _ => {
                let remedy = "a PEM file with `-----BEGIN CERTIFICATE-----`";
                self.problems.add(mark, "the file holds no certificate", remedy);
                None
            }
        }
    }

    pub(super) fn private_key(&mut self, mark: Mark, path: &str) -> Option<PrivateKeyDer<'static>> {
        let pem = zeroize::Zeroizing::new(self.read_secret(mark, path)?);
        let key = PrivateKeyDer::from_pem_slice(&pem).ok();
        if key.is_none() {
            let remedy = "a PEM file with `-----BEGIN PRIVATE KEY-----`";
            self.problems.add(mark, "the file holds no private key", remedy);
        }
        key
    }
}

/// A name as `sans` has it, or what is wrong with it.
fn subject_name(text: &str) -> Result<SubjectName, &'static str> {
    let (kind, name) = text.split_once(':').ok_or("this does not say of which kind the name is")?;
    match kind {
        // A certificate's underscore is nobody's; a wildcard is the certificate's to have.
        "dns" => match ServerName::try_from(name.to_owned()) {
            Ok(name @ ServerName::DnsName(_)) => Ok(SubjectName::Server(name)),
            _ if name.contains('*') => {
                Err("a pattern; the names that a certificate's `*` stands for are named one by one")
            }
            _ => Err("this is not a name that a certificate can have"),
        },
        "ip" => {
            let address: IpAddr = name.parse().map_err(|_| "this is not an IP address")?;
            Ok(SubjectName::Server(address.into()))
        }
        "uri" => {
            let (scheme, rest) = name.split_once("://").ok_or("this is not a URI")?;
            let sound = !scheme.is_empty()
                && !rest.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*');
            // A SPIFFE ID has a trust domain, in lower case, and neither query nor fragment.
            let domain = rest.split('/').next().unwrap_or_default();
            let spiffe = !domain.is_empty()
                && !domain.bytes().any(|byte| byte.is_ascii_uppercase())
                && !rest.contains(['?', '#']);
            if sound && (scheme != "spiffe" || spiffe) {
                Ok(SubjectName::Uri(name.to_owned()))
            } else {
                Err("this is not a URI that a certificate can have")
            }
        }
        _ => Err("this does not say of which kind the name is"),
    }
}

fn pin(text: &str) -> Option<Pin> {
    let (kind, digest) = text.split_once('/')?;
    let digest: [u8; 32] = STANDARD.decode(digest).ok()?.try_into().ok()?;
    match kind {
        "sha256" => Some(Pin::PublicKey(digest)),
        "cert-sha256" => Some(Pin::Certificate(digest)),
        _ => None,
    }
}
