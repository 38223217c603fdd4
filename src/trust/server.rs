//! Verifying a server.

use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

use super::chain::{Chain, algorithms, translate};
use crate::snapshot::SubjectName;

/// How SPIFFE IDs begin.
const SPIFFE: &str = "spiffe://";

/// Verifies a server by its chain, and by its names.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    pub chain: Chain,
    /// It must have one of these. Empty: it must have the server name.
    pub sans: Vec<SubjectName>,
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let leaf = EndEntityCert::try_from(end_entity).map_err(translate)?;
        self.chain.verify(&leaf, intermediates, now, KeyUsage::server_auth())?;
        let named = if self.sans.is_empty() {
            is_valid_for(&leaf, server_name)
        } else {
            self.sans.iter().any(|name| has(&leaf, name))
        };
        if named {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(CertificateError::NotValidForName.into())
        }
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

fn is_valid_for(leaf: &EndEntityCert<'_>, name: &ServerName<'_>) -> bool {
    leaf.verify_is_valid_for_subject_name(name).is_ok()
}

fn has(leaf: &EndEntityCert<'_>, name: &SubjectName) -> bool {
    match name {
        SubjectName::Server(name) => is_valid_for(leaf, name),
        SubjectName::Uri(uri) if uri.starts_with(SPIFFE) => {
            let mut found = leaf.valid_uri_names();
            found.next() == Some(uri) && found.next().is_none()
        }
        SubjectName::Uri(uri) => leaf.valid_uri_names().any(|found| found == uri),
    }
}
