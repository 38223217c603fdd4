//! HTTP proxies on the way to backends.

use std::net::IpAddr;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::Resolver;
use super::origin::{Location, locate};
use crate::config::decode::{Field, List};
use crate::config::problem::Mark;
use crate::config::raw::{RawProxy, RawProxyCredential, RawSecret};
use crate::config::value::{Plaintext, Switch};
use crate::resolve::{Host, is_name};
use crate::snapshot::{Origin, Proxy, ProxyCredential, ProxyScheme, TlsPolicy};

/// What may stand in `no_proxy`.
const EXEMPT: &str = "names, .suffixes of names, addresses, and networks such as 10.0.0.0/8";

/// Backends that are reached without the proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Exempt {
    /// The one of this name.
    Name(String),
    /// All whose names end so; begins with a dot.
    Suffix(String),
    /// All whose URL names an address with so many bits in common with this one.
    Network(IpAddr, u32),
}

impl Resolver<'_> {
    /// The proxy that the backend `name`, at `host`, is reached through; none if it is exempt.
    pub(super) fn proxy(
        &mut self,
        name: &str,
        raw: Field<RawProxy>,
        host: Option<&str>,
    ) -> Option<Proxy> {
        let (section, raw) = raw.given()?;
        let RawProxy { url, plaintext, credential, tls, no_proxy, allow_private } = raw;
        let exempt = self.exempt(no_proxy);
        let credential =
            credential.given().and_then(|(mark, raw)| self.proxy_credential(mark, raw));
        let remedy = "url: https://proxy.corp.example:3128";
        let (mark, url) = url.require(section, "url", remedy, self.problems)?;
        let Location { origin, tls: wants_tls } = match self.proxy_location(&url) {
            Ok(location) => location,
            Err(what) => {
                self.problems.add(mark, what, remedy);
                return None;
            }
        };
        let Origin { host: its_host, port, .. } = origin;
        match plaintext {
            Field::Given(mark, Plaintext::Allowed) if wants_tls => {
                let what = "`plaintext: allowed`, but the URL begins with https://";
                self.problems.add(mark, what, "one of the two");
            }
            Field::Given(_, Plaintext::Refused) | Field::Absent
                if !wants_tls && credential.is_some() =>
            {
                let what = "http:// would show the proxy its credential unencrypted";
                let remedy = "https://…, or `plaintext: allowed` beside the URL";
                self.problems.add(mark, what, remedy);
            }
            _ => {}
        }
        let Switch(allow_private) = allow_private.or(Switch(false));
        self.check_host(mark, &its_host, allow_private);
        let tls = self.tls(tls, wants_tls, Some((mark, &its_host)));
        if host.is_some_and(|host| exempt.iter().any(|exempt| exempt.fits(host))) {
            return None;
        }
        let group_key = group_key(name, &its_host, port, tls.as_ref());
        let host = Host::new(&its_host, allow_private);
        Some(Proxy { host, port, tls, credential, group_key })
    }

    fn proxy_location(&self, url: &str) -> Result<Location, &'static str> {
        let location = locate(url, true, "https://proxy.corp.example:3128");
        let location = location.map_err(|(what, _)| what)?;
        if !location.origin.prefix.is_empty() {
            return Err("the URL of a proxy has no path");
        }
        Ok(location)
    }

    fn proxy_credential(
        &mut self,
        section: Mark,
        raw: RawProxyCredential,
    ) -> Option<ProxyCredential> {
        let RawProxyCredential { env, file, scheme } = raw;
        let scheme = scheme.or(ProxyScheme::default());
        let secret = self.secret(section, RawSecret { env, file })?;
        if scheme == ProxyScheme::Basic && !secret.current().expose().contains(&b':') {
            let what = "the secret is not a user and a password";
            let remedy = "user:password in its place, or `scheme: bearer` for a token";
            self.problems.add(section, what, remedy);
        }
        Some(ProxyCredential { scheme, secret: Arc::new(secret) })
    }

    fn exempt(&mut self, raw: Field<List<String>>) -> Vec<Exempt> {
        let mut exempt = Vec::new();
        for (mark, text) in self.entries(raw, "no_proxy", EXEMPT, None) {
            match Exempt::parse(&text) {
                Some(one) => exempt.push(one),
                None => {
                    let what = format!("`{}` is none that can be exempt", text.escape_debug());
                    self.problems.add(mark, what, EXEMPT);
                }
            }
        }
        exempt
    }
}

impl Exempt {
    fn parse(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        if let Some((first, bits)) = text.split_once('/') {
            let (first, bits) = (first.parse().ok()?, bits.parse().ok()?);
            return (bits <= width(first)).then_some(Self::Network(first, bits));
        }
        if let Ok(address) = text.parse() {
            return Some(Self::Network(address, width(address)));
        }
        match text.strip_prefix('.') {
            Some(rest) if is_name(rest) => Some(Self::Suffix(text)),
            None if is_name(&text) => Some(Self::Name(text)),
            _ => None,
        }
    }

    /// Whether a backend at this host is meant.
    fn fits(&self, host: &str) -> bool {
        let name = host.strip_suffix('.').unwrap_or(host);
        match (self, host.parse()) {
            (Self::Name(this), Err(_)) => name == this,
            (Self::Suffix(end), Err(_)) => name.ends_with(end),
            (Self::Network(first, bits), Ok(address)) => {
                in_common(*first, address).is_some_and(|common| common >= *bits)
            }
            _ => false,
        }
    }
}

const fn width(address: IpAddr) -> u32 {
    if address.is_ipv4() { u32::BITS } else { u128::BITS }
}

/// How many bits two addresses of the same family begin with alike.
fn in_common(a: IpAddr, b: IpAddr) -> Option<u32> {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => Some((a.to_bits() ^ b.to_bits()).leading_zeros()),
        (IpAddr::V6(a), IpAddr::V6(b)) => Some((a.to_bits() ^ b.to_bits()).leading_zeros()),
        _ => None,
    }
}

fn group_key(name: &str, host: &str, port: u16, tls: Option<&TlsPolicy>) -> u64 {
    let mut hash = Sha256::new();
    for part in [b"proxy", name.as_bytes(), host.as_bytes(), &port.to_le_bytes()] {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
        hash.update(part);
    }
    if let Some(tls) = tls {
        hash.update(tls.digest());
    }
    hash.finalize().iter().take(8).fold(0, |key, byte| key << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_means_names_what_is_below_a_suffix_and_networks() {
        let table = [
            ("api.corp", "api.corp", true),
            ("API.Corp", "api.corp", true),
            ("api.corp", "api.corp.", true),
            ("api.corp", "v.api.corp", false),
            ("api.corp", "xapi.corp", false),
            (".corp", "api.corp", true),
            (".corp", "v.api.corp", true),
            (".corp", "corp", false),
            (".corp", "notcorp", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.0.0.0/8", "10.corp", false),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "::1", false),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("fd00::/8", "fd12::1", true),
            ("fd00::/8", "fe80::1", false),
            ("::1", "::1", true),
        ];
        for (text, host, fits) in table {
            assert_eq!(Exempt::parse(text).map(|exempt| exempt.fits(host)), Some(fits), "{text}");
        }
        for text in ["*", "*.corp", "..corp", ".", "corp:443", "10.0.0.0/33", "::/129", "10.0.0/8"]
        {
            assert_eq!(Exempt::parse(text), None, "{text}");
        }
    }
}
