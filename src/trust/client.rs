//! Verifying a client: the same chains, for listeners.

use std::sync::Arc;

use tokio_rustls::rustls::client::danger::HandshakeSignatureValid;
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, UnixTime};
use tokio_rustls::rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use tokio_rustls::rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

use super::anchors::Anchors;
use super::chain::{Chain, Revoked, algorithms, translate};
use crate::snapshot::{Depth, RevocationList, Stale};

/// Verifies a client by its chain. Which names it may have is up to who asks.
#[derive(Debug)]
struct ClientVerifier {
    chain: Chain,
    subjects: Vec<DistinguishedName>,
    mandatory: bool,
}

/// Verifies clients by these CA certificates (DER). With `lists`, each certificate of a chain but
/// the root must be on the list of its issuer, up to date, as not revoked. Not `mandatory`: a client
/// may also show no certificate at all.
#[must_use]
pub fn client_verifier(
    ca: &[Vec<u8>],
    lists: Option<Vec<Arc<RevocationList>>>,
    mandatory: bool,
) -> Arc<dyn ClientCertVerifier> {
    let anchors = Arc::new(Anchors::of(ca.iter().map(Vec::as_slice)));
    let subjects = anchors.roots().iter().map(|root| DistinguishedName::in_sequence(&root.subject));
    let subjects = subjects.collect();
    let (stale, depth) = (Stale::Refuse, Depth::Chain);
    let revoked = lists.map(|files| Revoked { files, sources: Vec::new(), stale, depth });
    let chain = Chain { anchors, revoked, pins: Vec::new() };
    Arc::new(ClientVerifier { chain, subjects, mandatory })
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.subjects
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let leaf = EndEntityCert::try_from(end_entity).map_err(translate)?;
        self.chain.verify(&leaf, intermediates, now, KeyUsage::client_auth())?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}
