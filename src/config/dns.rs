//! How name servers and names are written.

use std::net::{IpAddr, SocketAddr};

use super::decode::Scalar;
use super::value::{Word, quoted};
use crate::resolve::{Family, NamePattern, Server, Transport, is_name};

impl Word for Family {
    const WORDS: &'static [(&'static str, Self)] =
        &[("both", Self::Both), ("v4", Self::V4), ("v6", Self::V6)];
}

impl Scalar for Server {
    fn expected() -> String {
        "udp://10.0.0.10, tcp://10.0.0.10:53 or tls://1.1.1.1:853#cloudflare-dns.com".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || quoted(text);
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let (place, name) = match rest.split_once('#') {
            Some((place, name)) => (place, Some(name)),
            None => (rest, None),
        };
        let port = if scheme == "tls" { 853 } else { 53 };
        let address = place.parse().ok().or_else(|| {
            let bare = place.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
            Some(SocketAddr::new(bare.unwrap_or(place).parse::<IpAddr>().ok()?, port))
        });
        let address: SocketAddr = address
            .filter(|it| it.port() != 0)
            .ok_or_else(|| quoted(text) + ": a name server is named by its address")?;
        let transport = match (scheme, name) {
            ("udp", None) => Transport::Udp,
            ("tcp", None) => Transport::Tcp,
            ("tls", None) => Transport::Tls(address.ip().to_string()),
            ("tls", Some(name)) if is_name(name) || name.parse::<IpAddr>().is_ok() => {
                Transport::Tls(name.to_owned())
            }
            _ => return Err(wrong()),
        };
        Ok(Self { address, transport })
    }
}

impl Scalar for NamePattern {
    fn expected() -> String {
        "a DNS name such as api.openai.com, or what is inside of one: *.openai.com".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| quoted(text))
    }
}

/// How often something is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempts(pub u32);

impl Scalar for Attempts {
    fn expected() -> String {
        "a whole number from 1 to 10".to_owned()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let number = text.parse().ok().filter(|number| (1..=10).contains(number));
        number.map(Self).ok_or_else(|| quoted(text))
    }
}
