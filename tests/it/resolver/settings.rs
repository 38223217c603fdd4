//! What the configuration says of names, and when it changes.

use std::sync::Arc;
use std::time::Duration;

use egret::resolve::{Dnssec, Name, NamePattern, Reverse, Settings};
use hickory_proto::rr::RecordType;

use super::{API, Bench, ips, quick};
use crate::support::dns::{NameServer, pointer, records, silence};
use crate::support::until;

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().map(|text| NamePattern::parse(text).unwrap()).collect()
}

/// E6: an address must be called what the operator says, and that must lead back.
#[tokio::test]
async fn addresses_can_be_held_to_their_own_names() {
    let dns = NameServer::start().await;
    dns.point(API, 1, &["8.8.8.8", "8.8.4.4", "1.1.1.1", "9.9.9.9"]);
    for (ip, target) in [
        ("8.8.8.8", "dns.corp.example"),
        ("8.8.4.4", "evil.example"),
        // He who has an address may call it anything.
        ("1.1.1.1", "liar.corp.example"),
    ] {
        let (owner, record) = pointer(ip, target);
        dns.say_of(owner, RecordType::PTR, records(vec![record]));
    }
    dns.point("dns.corp.example", 1, &["8.8.8.8"]);
    dns.point("evil.example", 1, &["8.8.4.4"]);
    dns.point("liar.corp.example", 1, &["8.8.8.8"]);
    let of = NamePattern::parse(API).unwrap();
    let rule = Reverse { of, within: patterns(&["*.corp.example"]) };
    let settings = Settings { reverse: vec![rule], ..quick(&dns) };
    dns.point("free.example", 1, &["9.9.9.9"]);
    let bench = Bench::start(settings, &[(API, false), ("free.example", false)]);
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    assert_eq!(bench.strict("free.example").await, ips(&["9.9.9.9"]), "it is held to nothing");
    dns.point(API, 1, &["1.1.1.1"]);
    bench.fails(API, "misnamed").await;
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
}

#[tokio::test]
async fn a_name_that_is_not_allowed_is_not_asked_for() {
    let dns = NameServer::start().await;
    for name in [API, "evil.test", "a.zone.test"] {
        dns.point(name, 1, &["8.8.8.8"]);
    }
    let allow = Some(patterns(&[API, "*.zone.test"]));
    let settings = Settings { allow, ..quick(&dns) };
    let names = [(API, false), ("evil.test", false), ("a.zone.test", false), ("zone.test", false)];
    let bench = Bench::start(settings, &names);
    assert_eq!(bench.strict("evil.test").await, ips(&[]));
    assert_eq!(bench.strict("zone.test").await, ips(&[]));
    assert_eq!(bench.status("evil.test").failure.unwrap().word(), "not_allowed");
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    assert_eq!(bench.strict("a.zone.test").await, ips(&["8.8.8.8"]));
    assert_eq!((dns.asked("evil.test"), dns.asked("zone.test")), (0, 0));
}

/// The names and servers of a new configuration count at once.
#[tokio::test]
async fn a_change_of_the_settings_is_followed() {
    let (first, second) = (NameServer::start().await, NameServer::start().await);
    first.point(API, 3600, &["8.8.8.8"]);
    second.point(API, 3600, &["1.1.1.1"]);
    second.point("new.example", 3600, &["1.0.0.1"]);
    let slow = |dns| Settings { max_ttl: Duration::from_secs(3600), ..quick(dns) };
    let bench = Bench::start(slow(&first), &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    {
        let mut wanted = bench.wanted.lock().unwrap();
        wanted.settings = Arc::new(slow(&second));
        wanted.names.push(Name { host: "new.example".to_owned(), allow_private: false });
    }
    assert_eq!(bench.strict("new.example").await, ips(&["1.0.0.1"]));
    bench.comes_to(API, &["1.1.1.1"]).await;
    bench.wanted.lock().unwrap().names.remove(0);
    until("it is forgotten", || async {
        bench.resolver.status().iter().all(|status| status.name.host != API)
    })
    .await;
    // Requests that began before are not left waiting for it, and nobody asks for it any more.
    let asked = second.asked(API);
    assert_eq!(bench.strict(API).await, ips(&["1.1.1.1"]));
    assert_eq!(second.asked(API), asked);
    assert_eq!(first.asked("new.example"), 0);
}

/// Who tightens how names are resolved need not wait until what was found before is too old.
#[tokio::test]
async fn what_was_found_by_looser_settings_is_forgotten() {
    let (spoofs, honest) = (NameServer::start().await, NameServer::start().await);
    spoofs.point(API, 3600, &["6.6.6.6"]);
    // It never answers, so that nothing new takes the place of what is held.
    honest.always(API, &silence());
    let slow = |dns| Settings { max_ttl: Duration::from_secs(3600), ..quick(dns) };
    let changes: [fn(&NameServer, Settings) -> Settings; 3] = [
        |honest, _| Settings { max_ttl: Duration::from_secs(3600), ..quick(honest) },
        |_, before| Settings { dnssec: Dnssec::Root, ..before },
        |_, before| Settings {
            reverse: vec![Reverse { of: patterns(&[API])[0].clone(), within: patterns(&[API]) }],
            ..before
        },
    ];
    for change in changes {
        let bench = Bench::start(slow(&spoofs), &[(API, false)]);
        assert_eq!(bench.strict(API).await, ips(&["6.6.6.6"]));
        // Times alone say nothing against an answer.
        let times = Settings { stale: Duration::from_secs(60), ..slow(&spoofs) };
        bench.wanted.lock().unwrap().settings = Arc::new(times.clone());
        assert_eq!(bench.strict(API).await, ips(&["6.6.6.6"]));
        bench.wanted.lock().unwrap().settings = Arc::new(change(&honest, times));
        until("it is forgotten", || async { bench.status(API).addresses.is_empty() }).await;
    }
}

/// Names of this machine are never a name server's to give, and no domain is put behind a name.
#[tokio::test]
async fn names_are_absolute_and_localhost_is_here() {
    let dns = NameServer::start().await;
    dns.point("localhost", 1, &["6.6.6.6"]);
    dns.point("single", 1, &["8.8.8.8"]);
    let names = [("localhost", true), ("a.localhost", true), ("single", false), ("none", false)];
    let bench = Bench::start(quick(&dns), &names);
    assert_eq!(bench.of("localhost", true).await, ips(&["127.0.0.1", "::1"]));
    assert_eq!(bench.of("a.localhost", true).await, ips(&["127.0.0.1", "::1"]));
    assert_eq!(bench.strict("single").await, ips(&["8.8.8.8"]));
    assert_eq!(bench.strict("none").await, ips(&[]));
    let asked: Vec<String> = dns.questions().iter().map(|(name, ..)| name.to_ascii()).collect();
    assert!(asked.iter().all(|name| name == "single." || name == "none."), "{asked:?}");
}
