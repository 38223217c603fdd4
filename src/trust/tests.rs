#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::{fmt, io};

use tokio_rustls::rustls::Error as Tls;
use tokio_rustls::rustls::{AlertDescription, CertificateError};

use super::{LONGEST, explain, until};

/// What some layer makes of an error.
#[derive(Debug)]
struct Layer(Box<dyn Error + Send + Sync>);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a layer")
    }
}

impl Error for Layer {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn reason(error: &(dyn Error + 'static)) -> Option<&'static str> {
    explain(error).map(|refusal| refusal.reason)
}

#[test]
fn an_error_of_tls_is_found_under_whatever_lies_over_it() {
    let revoked = || Tls::InvalidCertificate(CertificateError::Revoked);
    assert_eq!(reason(&revoked()), Some("tls_revoked"));
    assert_eq!(reason(&io::Error::other(revoked())), Some("tls_revoked"));
    let layered = Layer(Box::new(io::Error::other(Layer(Box::new(revoked())))));
    assert_eq!(reason(&layered), Some("tls_revoked"));
    assert_eq!(reason(&io::Error::from(io::ErrorKind::ConnectionReset)), None);
    assert_eq!(reason(&Layer(Box::new(io::Error::other("received fatal alert")))), None);
}

#[test]
fn only_a_servers_word_on_certificates_is_about_ours() {
    let said = |alert| explain(&Tls::AlertReceived(alert)).unwrap();
    assert!(said(AlertDescription::CertificateRequired).is_of_client());
    assert!(said(AlertDescription::UnknownCA).is_of_client());
    assert!(!said(AlertDescription::ProtocolVersion).is_of_client());
    assert!(!said(AlertDescription::InternalError).is_of_client());
    // As h2 hands it on.
    let words = Tls::AlertReceived(AlertDescription::CertificateRequired).to_string();
    assert!(explain(&io::Error::other(words.clone())).unwrap().is_of_client());
    assert_eq!(reason(&io::Error::other(format!("it said: {words}"))), None);
    let expired = Tls::InvalidCertificate(CertificateError::Expired);
    assert!(!explain(&expired).unwrap().is_of_client());
    assert_eq!(said(AlertDescription::InternalError).reason, "tls");
}

/// A session that is resumed shows the certificate of long ago.
#[test]
fn no_generation_lives_longer_than_a_day() {
    let of = |ends: &[i64]| until(1000, ends.iter().copied());
    assert_eq!(of(&[]), 1000 + LONGEST);
    assert_eq!(of(&[1000 + 2 * LONGEST]), 1000 + LONGEST);
    assert_eq!(of(&[900, 1000, 3000, 2000]), 2000);
    assert_eq!(LONGEST, 86_400);
}
