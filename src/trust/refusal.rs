//! Why a handshake failed, for metrics and for whoever reads logs.

use std::error::Error;
use std::io;

use tokio_rustls::rustls::{self, AlertDescription, CertificateError, PeerIncompatible};

use super::chain::NotPinned;

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// In a word, for metrics.
    pub reason: &'static str,
    /// In words of ours that go on after the name of whom it is about: "has …".
    pub message: &'static str,
}

impl Refusal {
    /// Whether it is the server that refuses us, by our certificate or for want of one.
    #[must_use]
    pub fn is_of_client(&self) -> bool {
        *self == CLIENT
    }
}

macro_rules! refusals {
    ($($name:ident = $reason:literal, $message:literal;)*) => {
        $(const $name: Refusal = Refusal { reason: $reason, message: $message };)*
    };
}

refusals! {
    UNTRUSTED = "tls_untrusted", "has a certificate that no trusted CA signed";
    NAME = "tls_name", "has a certificate of another name";
    EXPIRED = "tls_expired", "has a certificate that has expired";
    NOT_YET = "tls_not_yet_valid", "has a certificate that is not valid yet";
    REVOKED = "tls_revoked", "has a certificate that is revoked, or of an issuer that is";
    CRL_MISSING = "tls_crl_missing", "has a certificate that no revocation list covers";
    CRL_STALE = "tls_crl_stale", "has a certificate whose revocation list is out of date";
    CRL_INVALID = "tls_crl_invalid", "has a certificate whose revocation list is not of its issuer";
    PIN = "tls_pin", "has a certificate that is not pinned";
    CERTIFICATE = "tls_certificate", "has a certificate that can't be used";
    VERSION = "tls_version", "speaks no version of TLS that is allowed";
    CLIENT = "tls_client_certificate", "wants another client certificate than it was shown";
    ALPN = "tls_alpn", "speaks no version of HTTP that is allowed";
    OTHER = "tls", "could not agree on TLS";
}

/// Why a handshake failed, if this error or one behind it is TLS's own. Under TLS 1.3 a server
/// judges a client certificate after the handshake: then the first read fails.
#[must_use]
pub fn explain(error: &(dyn Error + 'static)) -> Option<Refusal> {
    let mut error = error;
    loop {
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return Some(refusal(error));
        }
        // What an I/O error holds is not its source, but itself.
        let held = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let held = held.map(|held| held as &(dyn Error + 'static));
        error = match held.or_else(|| error.source()) {
            Some(cause) => cause,
            None => return said(&error.to_string()),
        };
    }
}

/// What a server says of what it does not like, where nothing but the words of TLS's own error are
/// left: h2 keeps no more.
fn said(text: &str) -> Option<Refusal> {
    let spells =
        |alert: &AlertDescription| rustls::Error::AlertReceived(*alert).to_string() == text;
    ALERTS.iter().find(|(alert, _)| spells(alert)).map(|(_, refusal)| *refusal)
}

fn refusal(error: &rustls::Error) -> Refusal {
    use rustls::Error as Tls;
    match error {
        Tls::InvalidCertificate(error) => certificate(error),
        Tls::InvalidCertRevocationList(_) => CRL_INVALID,
        Tls::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => VERSION,
        Tls::NoApplicationProtocol => ALPN,
        Tls::AlertReceived(alert) => {
            let known = ALERTS.iter().find(|(known, _)| known == alert);
            known.map_or(OTHER, |(_, refusal)| *refusal)
        }
        _ => OTHER,
    }
}

fn certificate(error: &CertificateError) -> Refusal {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => EXPIRED,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => NOT_YET,
        CertificateError::Revoked => REVOKED,
        CertificateError::UnknownIssuer | CertificateError::BadSignature => UNTRUSTED,
        CertificateError::UnknownRevocationStatus => CRL_MISSING,
        CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => CRL_STALE,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => NAME,
        CertificateError::Other(other) if other.0.is::<NotPinned>() => PIN,
        _ => CERTIFICATE,
    }
}

/// What a server may say of what it does not like.
const ALERTS: [(AlertDescription, Refusal); 11] = {
    use AlertDescription as Alert;
    [
        (Alert::ProtocolVersion, VERSION),
        (Alert::NoApplicationProtocol, ALPN),
        (Alert::NoCertificate, CLIENT),
        (Alert::BadCertificate, CLIENT),
        (Alert::UnsupportedCertificate, CLIENT),
        (Alert::CertificateRevoked, CLIENT),
        (Alert::CertificateExpired, CLIENT),
        (Alert::CertificateUnknown, CLIENT),
        (Alert::CertificateRequired, CLIENT),
        (Alert::UnknownCA, CLIENT),
        (Alert::AccessDenied, CLIENT),
    ]
};
