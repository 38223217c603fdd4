//! How names are resolved, and which of them backends may have.

use std::net::IpAddr;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{Dns, Resolver};
use crate::config::decode::{Field, List, Named, Texts};
use crate::config::dns::Attempts;
use crate::config::problem::Mark;
use crate::config::raw::{RawAnchors, RawDns, RawDnssec};
use crate::resolve::vet::vet;
use crate::resolve::{
    Dnssec, NamePattern, Reverse, Server, Transport, anchors, is_localhost, is_name,
};

impl Resolver<'_> {
    /// The section `dns`.
    pub(super) fn dns(&mut self, raw: Field<RawDns>) -> Dns {
        let mut dns = Dns::default();
        let Some((section, raw)) = raw.given() else { return dns };
        let RawDns {
            servers,
            ca,
            allow,
            min_ttl,
            max_ttl,
            stale,
            timeout,
            attempts,
            family,
            dnssec,
            reverse,
        } = raw;
        dns.servers = self.servers(servers);
        dns.ca = self.dns_ca(ca, dns.servers.as_deref());
        let dns_allow = allow.given().map(|(mark, allow)| {
            if allow.is_empty() {
                let what = "`allow` is empty: no backend could have a name";
                self.problems.add(mark, what, "allow: [api.openai.com, \"*.googleapis.com\"]");
            }
            allow
        });
        // If an entry is wrong, what it would have allowed is not wrong, too.
        dns.allow = dns_allow.and_then(|allow| allow.into_iter().map(Field::value).collect());
        let (least_at, least) = min_ttl.given().unwrap_or((section, dns.min_ttl));
        let (most_at, most) = max_ttl.given().unwrap_or((least_at, dns.max_ttl));
        if least > most {
            let at = if least == dns.min_ttl { most_at } else { least_at };
            let what = "`min_ttl` is longer than `max_ttl`";
            self.problems.add(at, what, "min_ttl: 5s, max_ttl: 5m");
        }
        (dns.min_ttl, dns.max_ttl) = (least, most);
        dns.stale = stale.or(dns.stale);
        dns.timeout = timeout.or(dns.timeout);
        dns.attempts = attempts.or(Attempts(dns.attempts)).0;
        dns.family = family.or(dns.family);
        dns.dnssec = self.dnssec(section, dnssec);
        dns.reverse = self.reverse(reverse);
        dns
    }

    fn servers(&mut self, raw: Field<List<Server>>) -> Option<Vec<Server>> {
        let (mark, servers) = raw.given()?;
        if servers.is_empty() {
            let remedy = "servers: [\"udp://10.0.0.10\"], or none to ask the system's";
            self.problems.add(mark, "`servers` is empty", remedy);
        }
        Some(servers.into_iter().filter_map(Field::value).collect())
    }

    /// The CA of servers over TLS, of which there must be one.
    fn dns_ca(&mut self, raw: Field<String>, servers: Option<&[Server]>) -> Option<Vec<Vec<u8>>> {
        let (mark, path) = raw.given()?;
        let secure = |server: &Server| matches!(server.transport, Transport::Tls(_));
        if !servers.is_some_and(|servers| servers.iter().any(secure)) {
            let what = "`ca` is for name servers over TLS, and there is none";
            self.problems.add(
                mark,
                what,
                "a server such as tls://10.0.0.10#dns.internal, or no `ca`",
            );
        }
        let pem = self.ca_pem(mark, &path)?;
        let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
        Some(certificates.map(|certificate| certificate.to_vec()).collect())
    }

    fn dnssec(&mut self, section: Mark, raw: Field<RawDnssec>) -> Dnssec {
        let remedy = "anchors: a file of DNSKEY records, as in a zone";
        match raw.value() {
            None | Some(RawDnssec::Plain(false)) => Dnssec::Off,
            Some(RawDnssec::Plain(true)) => Dnssec::Root,
            Some(RawDnssec::Anchors(RawAnchors { anchors: file })) => {
                let file = file.require(section, "anchors", remedy, self.problems);
                let Some((mark, path)) = file else { return Dnssec::Off };
                let Some(text) = self.read(mark, &path) else { return Dnssec::Off };
                let text = String::from_utf8_lossy(&text).into_owned();
                if anchors(&text).is_err() {
                    let what = "the file holds no keys that can be trusted in";
                    self.problems.add(mark, what, remedy);
                }
                Dnssec::Anchors(text)
            }
        }
    }

    fn reverse(&mut self, raw: Field<Named<Texts>>) -> Vec<Reverse> {
        let mut rules = Vec::new();
        for (mark, of, within) in raw.value().unwrap_or_default() {
            let of = self.pattern(mark, &of);
            let Some(Texts(within)) = within.value() else { continue };
            let within = within.into_iter().filter_map(Field::given);
            let within = within.filter_map(|(mark, name)| self.pattern(mark, &name)).collect();
            rules.extend(of.map(|of| Reverse { of, within }));
        }
        rules
    }

    fn pattern(&mut self, mark: Mark, text: &str) -> Option<NamePattern> {
        let pattern = NamePattern::parse(text);
        if pattern.is_none() {
            let remedy = "a name such as dns.google, or what is inside of one: \"*.1e100.net\"";
            self.problems.add(mark, format!("`{text}` is no DNS name"), remedy);
        }
        pattern
    }

    /// Checks the host that a backend's URL names, as far as that can be done without asking a
    /// name server (S-35).
    pub(super) fn check_host(&mut self, mark: Mark, host: &str, allow_private: bool) {
        let ip = host.parse::<IpAddr>();
        let refused = match ip {
            Ok(ip) => vet(ip, host, allow_private)
                .err()
                .map(|refused| (refused.to_string(), refused.allowable)),
            Err(_) if !is_name(host) => {
                let what = "the URL's host is neither an IP address nor a DNS name";
                let remedy = "a name such as api.openai.com, or an address in full";
                self.problems.add(mark, what, remedy);
                return;
            }
            Err(_) => {
                let own = is_localhost(host) && !allow_private;
                own.then(|| (format!("`{host}` is this machine"), true))
            }
        };
        if let Some((what, allowable)) = refused {
            let allow = "`allow_private: true` beside the URL, if that is where it is";
            self.problems.add(mark, what, if allowable { allow } else { "the address of a host" });
        }
        if ip.is_err() && !self.dns.allows(host) {
            let what = format!("`dns.allow` does not hold `{host}`");
            self.problems.add(mark, what, "a name that it holds, or one more entry there");
        }
    }
}
