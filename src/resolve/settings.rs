//! How names are resolved: what the `dns` section of the configuration says.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

/// How names are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Who is asked, in this order; `None`: whoever the system asks, its hosts file first.
    pub servers: Option<Vec<Server>>,
    /// Certificates (DER) that servers over TLS are verified with; `None`: the system's.
    pub ca: Option<Vec<Vec<u8>>>,
    /// The only names that are asked for; `None`: any.
    pub allow: Option<Vec<NamePattern>>,
    /// An answer is good for no less than this, whatever it says itself.
    pub min_ttl: Duration,
    /// And for no longer than this.
    pub max_ttl: Duration,
    /// How long an answer is used beyond that while no new one comes.
    pub stale: Duration,
    /// How long one server may take for one question.
    pub timeout: Duration,
    /// How often all servers are asked before a question counts as failed.
    pub attempts: u32,
    /// Which addresses are asked for.
    pub family: Family,
    /// Whether answers are validated.
    pub dnssec: Dnssec,
    /// Names whose addresses must have a name of their own (PTR) that fits, and leads back.
    pub reverse: Vec<Reverse>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            servers: None,
            ca: None,
            allow: None,
            min_ttl: Duration::from_secs(5),
            max_ttl: Duration::from_secs(300),
            stale: Duration::from_secs(3600),
            timeout: Duration::from_secs(2),
            attempts: 2,
            family: Family::Both,
            dnssec: Dnssec::Off,
            reverse: Vec::new(),
        }
    }
}

impl Settings {
    /// Whether this name may be asked for.
    #[must_use]
    pub fn allows(&self, name: &str) -> bool {
        self.allow.as_ref().is_none_or(|allow| allow.iter().any(|pattern| pattern.fits(name)))
    }

    /// Whether an answer that these have let pass is one that the others would let pass.
    pub(super) fn judges_as(&self, other: &Self) -> bool {
        let Self { servers, ca, allow, family, dnssec, reverse, .. } = self;
        (servers, ca, allow) == (&other.servers, &other.ca, &other.allow)
            && (family, dnssec, reverse) == (&other.family, &other.dnssec, &other.reverse)
    }

    /// What the addresses of a name must be called; `None`: anything.
    pub(super) fn within(&self, name: &str) -> Option<&[NamePattern]> {
        let rule = self.reverse.iter().find(|rule| rule.of.fits(name))?;
        Some(&rule.within)
    }
}

/// What the addresses of some names must be called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverse {
    /// These names.
    pub of: NamePattern,
    /// Must have addresses whose own names are one of these.
    pub within: Vec<NamePattern>,
}

/// A name server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Where it is.
    pub address: SocketAddr,
    /// How it is spoken to.
    pub transport: Transport,
}

/// How a name server is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transport {
    /// UDP, and TCP where an answer is too long for it.
    Udp,
    /// TCP.
    Tcp,
    /// DNS over TLS (RFC 7858); its certificate must have this name, or address.
    Tls(String),
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, transport } = self;
        match transport {
            Transport::Udp => write!(f, "udp://{address}"),
            Transport::Tcp => write!(f, "tcp://{address}"),
            Transport::Tls(name) => write!(f, "tls://{address}#{name}"),
        }
    }
}

/// Which addresses are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// IPv6 and IPv4.
    Both,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Whether answers are validated by DNSSEC (RFC 4035). What is proved to be unsigned passes: most
/// providers' names are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dnssec {
    /// They are not.
    Off,
    /// Up to the keys of the root.
    Root,
    /// Up to these keys: the text of a file of DNSKEY records.
    Anchors(String),
}

/// A DNS name, or `*.` and the name of a zone: anything inside of it, at any depth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern(String);

impl NamePattern {
    /// Reads it; `None` if it is no such thing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let name = text.strip_prefix("*.").unwrap_or(text);
        is_name(name).then(|| Self(text.trim_end_matches('.').to_ascii_lowercase()))
    }

    /// Whether it means this name, in whatever case, with or without a dot at its end.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        match self.0.strip_prefix('*') {
            Some(zone) => name.len() > zone.len() && name.ends_with(zone),
            None => name == self.0,
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether this is a DNS name (RFC 1123), underscores let pass. One whose last label begins with a
/// digit is an address to some readers (127.1, 0x7f.1) and so is none.
#[must_use]
pub fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    host.len() <= 253 && host.split('.').all(label) && !number
}

/// Whether this is a name of this machine, whatever a name server says (RFC 6761).
#[must_use]
pub fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_a_name_or_what_is_inside_of_a_zone() {
        for (pattern, name, expected) in [
            ("api.openai.com", "api.openai.com", true),
            ("api.openai.com", "API.OpenAI.com.", true),
            ("api.openai.com.", "api.openai.com", true),
            ("api.openai.com", "api.openai.com.evil.example", false),
            ("*.openai.com", "api.openai.com", true),
            ("*.openai.com", "a.b.openai.com", true),
            ("*.openai.com", "openai.com", false),
            ("*.openai.com", "evilopenai.com", false),
            ("*.openai.com", ".openai.com", false),
        ] {
            let fits = NamePattern::parse(pattern).is_some_and(|pattern| pattern.fits(name));
            assert_eq!(fits, expected, "{pattern} {name}");
        }
        for wrong in ["*", "*.", "", "a..b", "a*.b", "*.*.b", "a b", "10.0.0.1", "https://a"] {
            assert_eq!(NamePattern::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_name_is_none_if_somebody_reads_an_address() {
        for name in ["a", "api.openai.com", "a-b.c_d.e", "api.openai.com.", "x.local", "1a.b"] {
            assert!(is_name(name), "{name}");
        }
        for none in ["", ".", "127.1", "0x7f000001", "1", "a.0x7f", "a..b", "a b", "a%b", "é.fr"] {
            assert!(!is_name(none), "{none}");
        }
    }
}
