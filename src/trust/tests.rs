#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use tokio_rustls::rustls::Error as Tls;
use tokio_rustls::rustls::{AlertDescription, CertificateError};

use super::{LONGEST, Trusts, explain, lasts, until};
use crate::snapshot::{Depth, Revocation, Stale, TlsPolicy, TlsVersion};

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

/// A clock that was ahead makes what ends in years.
#[test]
fn a_generation_ends_when_the_clock_is_put_back() {
    let end = until(1000, std::iter::empty());
    assert!(!lasts(end, 999));
    assert!(lasts(end, 1000));
    assert!(lasts(end, end - 1));
    assert!(!lasts(end, end));
    assert!(!lasts(i64::MIN, 1000), "the first one never does");
}

/// A policy with a list that is fetched so often.
fn fetching(url: &str, seconds: u64) -> TlsPolicy {
    let revocation = Revocation {
        lists: Vec::new(),
        urls: vec![url.to_owned()],
        ca: None,
        refresh: Duration::from_secs(seconds),
        stale: Stale::Refuse,
        depth: Depth::Chain,
    };
    TlsPolicy {
        sni: "localhost".to_owned(),
        sans: Vec::new(),
        ca: Some(Arc::default()),
        identity: None,
        pins: Vec::new(),
        min_version: TlsVersion::V1_2,
        revocation: Some(Arc::new(revocation)),
    }
}

#[test]
fn a_place_is_asked_until_the_last_request_that_needs_it_ends() {
    let (trusts, policy) = (Trusts::default(), fetching("http://ca.example/a", 3600));
    trusts.keep([(1, &policy)]);
    let used = trusts.of(1, &policy).unwrap();
    let place = Arc::downgrade(&used.sources[0]);
    trusts.keep([]);
    assert!(place.upgrade().is_some());
    drop(used);
    assert!(place.upgrade().is_none());
}

#[test]
fn what_a_place_gave_stays_when_it_is_asked_at_other_times() {
    let (trusts, policy) = (Trusts::default(), fetching("http://ca.example/a", 3600));
    let before = trusts.of(1, &policy).unwrap().sources[0].held();
    let often = trusts.of(2, &fetching("http://ca.example/a", 60)).unwrap();
    assert!(Arc::ptr_eq(&before, &often.sources[0].held()));
    let other = trusts.of(3, &fetching("http://ca.example/b", 60)).unwrap();
    assert!(!Arc::ptr_eq(&before, &other.sources[0].held()));
}
