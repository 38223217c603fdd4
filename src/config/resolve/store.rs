//! The store that replicas share, and who is told of budgets.

use std::net::IpAddr;
use std::slice;
use std::sync::Arc;

use http::Uri;

use super::{Resolver, Seen};
use crate::budget::{Outage, StoreSettings, StoreTls, Topology};
use crate::config::decode::{Chosen, Field, List};
use crate::config::problem::Mark;
use crate::config::raw::{RawSecret, RawSentinel, RawStore, RawStoreCa, RawStoreTls, RawWebhook};
use crate::config::read_file::ReadFile;
use crate::config::value::Plaintext;
use crate::snapshot::Webhook;

impl Resolver<'_> {
    pub(super) fn store(&mut self, raw: Field<RawStore>) -> Option<StoreSettings> {
        let (section, raw) = raw.given()?;
        let RawStore {
            redis,
            sentinel,
            cluster,
            plaintext,
            tls,
            username,
            password,
            prefix,
            outage,
        } = raw;
        let topology = self.topology(section, redis, sentinel, cluster);
        let tls = self.store_tls(tls);
        self.check_store_plaintext(section, topology.as_ref(), tls.is_some(), plaintext);
        let password = password.given().map(|(mark, raw)| self.password(mark, raw));
        let prefix = self.name(prefix, "prefix").unwrap_or_else(|| "egret".to_owned());
        let password = match password {
            None => None,
            Some(password) => Some(password?),
        };
        Some(StoreSettings {
            topology: topology?,
            tls,
            username: username.value(),
            password,
            prefix,
            outage: outage.or(Chosen(Outage::Closed)).0,
        })
    }

    fn topology(
        &mut self,
        section: Mark,
        redis: Field<String>,
        sentinel: Field<RawSentinel>,
        cluster: Field<List<String>>,
    ) -> Option<Topology> {
        match (redis, sentinel, cluster) {
            (Field::Absent, Field::Absent, Field::Absent) => {
                let what = "nothing says where the store is";
                self.problems.add(section, what, "redis: host:6379, or `sentinel`, or `cluster`");
                None
            }
            (Field::Given(mark, address), Field::Absent, Field::Absent) => {
                self.check_address(mark, &address);
                Some(Topology::Single(address))
            }
            (Field::Absent, Field::Given(at, raw), Field::Absent) => {
                let RawSentinel { addresses, primary } = raw;
                let remedy = "addresses: [sentinel-0:26379, sentinel-1:26379]";
                let given = addresses.require(at, "addresses", remedy, self.problems);
                let addresses = given.map(|(mark, list)| self.addresses(mark, list));
                let primary = primary.require(at, "primary", "primary: mymaster", self.problems);
                Some(Topology::Sentinel { addresses: addresses?, primary: primary?.1 })
            }
            (Field::Absent, Field::Absent, Field::Given(mark, list)) => {
                Some(Topology::Cluster(self.addresses(mark, list)))
            }
            (Field::Wrong, ..) | (_, Field::Wrong, _) | (.., Field::Wrong) => None,
            _ => {
                let what = "`redis`, `sentinel` and `cluster` are different stores";
                self.problems.add(section, what, "one of them");
                None
            }
        }
    }

    fn addresses(&mut self, mark: Mark, list: List<String>) -> Vec<String> {
        if list.is_empty() {
            self.problems.add(mark, "no address is listed", "[ host:6379 ]");
        }
        let mut seen = Seen::new("the address");
        let mut addresses = Vec::new();
        for (mark, address) in list.into_iter().filter_map(Field::given) {
            if self.check_address(mark, &address) {
                seen.check(mark, &address, "it once", self.problems);
            }
            addresses.push(address);
        }
        addresses
    }

    /// Whether this is `host:port`. What isn't may hold a password, so it is not repeated.
    fn check_address(&mut self, mark: Mark, address: &str) -> bool {
        let sound = split(address).is_some();
        if !sound {
            let what = "this is not the address of a store";
            self.problems.add(mark, what, "host:port, such as redis.internal:6379");
        }
        sound
    }

    fn store_tls(&mut self, raw: Field<RawStoreTls>) -> Option<StoreTls> {
        match raw.given()? {
            (_, RawStoreTls::Plain(on)) => on.then_some(StoreTls { ca: None }),
            (section, RawStoreTls::Ca(RawStoreCa { ca })) => {
                let (mark, path) = ca.require(section, "ca", "ca: ca.pem", self.problems)?;
                // What is refused here is not used, but TLS was asked for.
                Some(StoreTls { ca: self.ca_pem(mark, &path) })
            }
        }
    }

    fn check_store_plaintext(
        &mut self,
        section: Mark,
        topology: Option<&Topology>,
        tls: bool,
        plaintext: Field<Plaintext>,
    ) {
        let addresses = match topology {
            None => return,
            Some(Topology::Single(address)) => slice::from_ref(address),
            Some(Topology::Sentinel { addresses, .. } | Topology::Cluster(addresses)) => addresses,
        };
        let near = |address: &String| split(address).is_none_or(|(host, _)| is_loopback(host));
        match plaintext {
            Field::Given(mark, Plaintext::Allowed) if tls => {
                self.problems.add(mark, "`plaintext: allowed`, but also `tls`", "one of the two");
            }
            Field::Given(_, Plaintext::Refused) | Field::Absent
                if !tls && !addresses.iter().all(near) =>
            {
                let what = "without TLS, who is on the way could change what was spent";
                self.problems.add(section, what, "tls: true, or `plaintext: allowed`");
            }
            _ => {}
        }
    }

    /// The password. Its file is watched like the configuration.
    fn password(&mut self, mark: Mark, raw: RawSecret) -> Option<String> {
        if let Field::Given(_, path) = &raw.file {
            let path = self.path(path);
            self.files.push(ReadFile::read(path).0);
        }
        let source = self.secret(mark, raw)?;
        // A secret is visible ASCII.
        String::from_utf8(source.current().expose().to_vec()).ok()
    }

    pub(super) fn webhook(&mut self, raw: Field<RawWebhook>) -> Option<Webhook> {
        let (section, RawWebhook { url, token }) = raw.given()?;
        let remedy = "url: https://alerts.example/egret";
        let url = url.require(section, "url", remedy, self.problems);
        let token = token.given().map(|(mark, raw)| self.secret(mark, raw));
        let (mark, url) = url?;
        if let Some(what) = wrong_with(&url) {
            self.problems.add(mark, what, remedy);
        }
        let token = match token {
            None => None,
            Some(token) => Some(Arc::new(token?)),
        };
        Some(Webhook { url, token })
    }
}

/// What is wrong with the URL of a webhook. It is not repeated: many hold a secret.
fn wrong_with(url: &str) -> Option<&'static str> {
    if url.contains('#') {
        return Some("the URL holds a fragment (`#…`)");
    }
    let Ok(uri) = url.parse::<Uri>() else { return Some("this is not a URL") };
    let Some(authority) = uri.authority() else { return Some("the URL holds no host") };
    if authority.as_str().contains('@') {
        return Some("the URL holds a user or a password; `token` is the place for it");
    }
    match uri.scheme_str() {
        Some("https") => None,
        Some("http") if is_loopback(authority.host()) => None,
        Some("http") => Some("http:// would send events unencrypted"),
        _ => Some("the URL does not begin with https://"),
    }
}

/// Host and port of an address.
fn split(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let sound = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        Some(inside) => matches!(inside.parse(), Ok(IpAddr::V6(_))),
        None => !host.is_empty() && host.bytes().all(fit),
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    sound.then_some((host, port))
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == "localhost" || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}
