//! Where tokens are asked for.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use http::Uri;

/// Addresses inside a machine or a pod where clouds answer without TLS: Amazon's in IPv6.
const METADATA: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
];

/// A URL that secrets may be sent to: by TLS, or without leaving the machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// Not a URL that secrets may be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnEndpoint;

impl fmt::Display for NotAnEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "this is no place to ask for tokens: a URL that begins with https://, or with http:// \
             and a loopback or link-local address",
        )
    }
}

impl std::error::Error for NotAnEndpoint {}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Endpoint {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// It is none, holds a password, or is `http://` to another machine.
    pub fn parse(url: &str) -> Result<Self, NotAnEndpoint> {
        let uri: Uri = url.parse().map_err(|_| NotAnEndpoint)?;
        let authority = uri.authority().ok_or(NotAnEndpoint)?;
        let host = authority.host();
        let plain = match uri.scheme_str() {
            Some("https") => false,
            Some("http") => true,
            _ => return Err(NotAnEndpoint),
        };
        if host.is_empty() || authority.as_str().contains('@') || plain && !stays_here(host) {
            return Err(NotAnEndpoint);
        }
        Ok(Self(url.trim_end_matches('/').to_owned()))
    }

    /// One that is known to be right.
    pub(super) fn known(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Another path at the same place.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// The host as a `Host` header names it.
    pub(super) fn authority(&self) -> String {
        let uri = self.0.parse::<Uri>().ok();
        uri.and_then(|uri| Some(uri.authority()?.to_string())).unwrap_or_default()
    }
}

fn stays_here(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || METADATA.contains(&ip),
        Err(_) => bare == "localhost",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_machine_by_tls_only() {
        for good in [
            "https://login.microsoftonline.com/",
            "https://idp.example:8443/token?x=y",
            "http://127.0.0.1:9/",
            "http://localhost:9/token",
            "http://[::1]:9",
            "http://169.254.169.254",
            "http://[fd00:ec2::23]/v1/credentials",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "http://idp.example/token",
            "http://10.0.0.1/",
            "http://localhost.example/",
            "http://127.0.0.1.example/",
            "http://localhost@evil.example/",
            "https://user:secret@idp.example/",
            "ftp://127.0.0.1/",
            "/token",
            "",
        ] {
            assert_eq!(Endpoint::parse(bad), Err(NotAnEndpoint), "{bad}");
        }
    }
}
