//! The resolver against a name server that lies, fails and goes away.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use egret::resolve::{Dnssec, Family, Name, NamePattern, Resolver, Reverse, Server, Settings};
use egret::resolve::{Status, Transport, Wanted};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::RecordType;
use tokio::task::JoinSet;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use crate::support::dns::{NameServer, Over, Reply};
use crate::support::dns::{address, alias, code, name, pointer, records, response, silence};
use crate::support::provider::ROOT;
use crate::support::{Authority, PATIENCE, until};

const API: &str = "api.example";

/// A resolver at work; it ends when dropped.
struct Bench {
    resolver: Arc<Resolver>,
    wanted: Arc<Mutex<Wanted>>,
    _task: JoinSet<()>,
}

impl Bench {
    fn start(settings: Settings, names: &[(&str, bool)]) -> Self {
        let names = names.iter().map(|(host, allow_private)| Name {
            host: (*host).to_owned(),
            allow_private: *allow_private,
        });
        let wanted = Wanted { settings: Arc::new(settings), names: names.collect() };
        let wanted = Arc::new(Mutex::new(wanted));
        let resolver = Arc::new(Resolver::default());
        let mut task = JoinSet::new();
        let (works, asks) = (resolver.clone(), wanted.clone());
        task.spawn(async move { works.run(|| asks.lock().unwrap().clone()).await });
        Self { resolver, wanted, _task: task }
    }

    /// What a backend that is strict would dial.
    async fn strict(&self, host: &str) -> Vec<IpAddr> {
        self.of(host, false).await
    }

    async fn of(&self, host: &str, allow_private: bool) -> Vec<IpAddr> {
        let found = self.resolver.addresses(host, 443, allow_private, PATIENCE).await;
        assert!(found.iter().all(|address| address.port() == 443));
        found.iter().map(SocketAddr::ip).collect()
    }

    fn status(&self, host: &str) -> Status {
        let all = self.resolver.status();
        all.into_iter().find(|status| status.name.host == host).unwrap()
    }

    /// Waits until a strict backend would dial these.
    async fn comes_to(&self, host: &str, addresses: &[&str]) {
        let expected = ips(addresses);
        until(&format!("{host} at {addresses:?}"), || async {
            self.strict(host).await == expected
        })
        .await;
    }

    /// Waits until the last lookup has failed in this way.
    async fn fails(&self, host: &str, word: &str) {
        until(&format!("{host}: {word}"), || async {
            self.resolver.status().iter().any(|status| {
                status.name.host == host
                    && status.failure.as_ref().map(|failure| failure.word()) == Some(word)
            })
        })
        .await;
    }
}

fn ips(texts: &[&str]) -> Vec<IpAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn server(address: SocketAddr, transport: Transport) -> Server {
    Server { address, transport }
}

/// Quick to ask again, and in no hurry to give up.
fn quick(dns: &NameServer) -> Settings {
    Settings {
        servers: Some(vec![server(dns.address, Transport::Udp)]),
        min_ttl: Duration::from_millis(50),
        max_ttl: Duration::from_millis(100),
        stale: Duration::from_secs(3600),
        timeout: Duration::from_secs(5),
        attempts: 1,
        ..Settings::default()
    }
}

fn patterns(texts: &[&str]) -> Vec<NamePattern> {
    texts.iter().map(|text| NamePattern::parse(text).unwrap()).collect()
}

/// S-35: a name that was public and now is private.
#[tokio::test]
async fn s_35_a_name_that_is_rebound_never_leads_inside() {
    let dns = NameServer::start().await;
    dns.point(API, 1, &["8.8.8.8"]);
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    for inside in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "0.0.0.0"]
    {
        dns.point(API, 1, &[inside]);
        bench.fails(API, "refused").await;
        assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]), "{inside}: the last good one");
        assert_eq!(bench.status(API).refused[0].ip, ips(&[inside])[0]);
        dns.point(API, 1, &["1.1.1.1"]);
        bench.comes_to(API, &["1.1.1.1"]).await;
        dns.point(API, 1, &["8.8.8.8"]);
        bench.comes_to(API, &["8.8.8.8"]).await;
    }
    assert!(bench.status(API).refusals.contains_key("metadata"));
}

/// S-35: the last good addresses are not used for ever.
#[tokio::test]
async fn s_35_a_name_that_stays_rebound_has_no_addresses_in_the_end() {
    let dns = NameServer::start().await;
    dns.point(API, 1, &["8.8.8.8"]);
    let settings = Settings { stale: Duration::from_millis(300), ..quick(&dns) };
    let bench = Bench::start(settings, &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    dns.point(API, 1, &["127.0.0.1"]);
    bench.comes_to(API, &[]).await;
    dns.point(API, 1, &["8.8.4.4"]);
    bench.comes_to(API, &["8.8.4.4"]).await;
}

/// S-35: each kind of address that is not of the public internet, in each spelling.
#[tokio::test]
async fn s_35_private_addresses_are_refused_in_all_forms() {
    let forms = [
        ("127.0.0.1", "loopback"),
        ("127.8.8.8", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("10.1.2.3", "private"),
        ("172.16.0.1", "private"),
        ("192.168.0.1", "private"),
        ("100.64.0.1", "shared"),
        ("169.254.1.1", "link_local"),
        ("169.254.169.254", "metadata"),
        ("168.63.129.16", "metadata"),
        ("192.0.2.1", "documentation"),
        ("198.18.0.1", "documentation"),
        ("224.0.0.1", "multicast"),
        ("255.255.255.255", "broadcast"),
        ("240.0.0.1", "reserved"),
        ("::1", "loopback"),
        ("::", "unspecified"),
        ("fd00::1", "private"),
        ("fe80::1", "link_local"),
        ("fd00:ec2::254", "metadata"),
        ("ff02::1", "multicast"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:8.8.8.8", "embedded"),
        ("::127.0.0.1", "loopback"),
        ("64:ff9b::10.0.0.1", "private"),
        ("64:ff9b::169.254.169.254", "metadata"),
        ("2002:7f00:1::1", "loopback"),
        ("2001:0:808:808:0:ffff:80ff:fffe", "loopback"),
        ("2001:db8::1", "documentation"),
    ];
    let dns = NameServer::start().await;
    let names: Vec<String> = (0..forms.len()).map(|n| format!("n{n}.example")).collect();
    for (name, (form, _)) in names.iter().zip(forms) {
        dns.point(name, 1, &[form]);
    }
    dns.point(API, 1, &["8.8.8.8", "64:ff9b::8.8.8.8"]);
    let mut wanted: Vec<(&str, bool)> = names.iter().map(|name| (&**name, false)).collect();
    wanted.push((API, false));
    let bench = Bench::start(quick(&dns), &wanted);
    for (name, (form, kind)) in names.iter().zip(forms) {
        assert_eq!(bench.strict(name).await, ips(&[]), "{form}");
        let status = bench.status(name);
        let kinds: Vec<&str> = status.refused.iter().map(|refused| refused.kind.word()).collect();
        assert_eq!(kinds, [kind], "{form}");
        assert_eq!(status.failure.unwrap().word(), "refused");
    }
    assert_eq!(bench.strict(API).await, ips(&["64:ff9b::8.8.8.8", "8.8.8.8"]));
}

/// S-35: of a mixed answer what is public stays.
#[tokio::test]
async fn s_35_refused_addresses_are_dropped_from_mixed_answers() {
    let dns = NameServer::start().await;
    let mixed =
        ["127.0.0.1", "8.8.8.8", "10.0.0.1", "8.8.8.8", "1.1.1.1", "::1", "2606:4700::1111"];
    dns.point(API, 1, &mixed);
    let bench = Bench::start(quick(&dns), &[(API, false), (API, true)]);
    assert_eq!(bench.strict(API).await, ips(&["2606:4700::1111", "8.8.8.8", "1.1.1.1"]));
    assert_eq!(bench.status(API).refused.len(), 3);
    // Whoever may have private addresses has them all, each once.
    let all = ["::1", "127.0.0.1", "2606:4700::1111", "8.8.8.8", "10.0.0.1", "1.1.1.1"];
    assert_eq!(bench.of(API, true).await, ips(&all));
}

/// S-35: not even for those who may have private addresses.
#[tokio::test]
async fn s_35_no_name_leads_to_a_metadata_service() {
    let dns = NameServer::start().await;
    dns.point(API, 1, &["169.254.169.254", "fd00:ec2::254", "10.0.0.1"]);
    let bench = Bench::start(quick(&dns), &[(API, true), ("169.254.169.254", true)]);
    assert_eq!(bench.of(API, true).await, ips(&["10.0.0.1"]));
    // Unless the operator has written it there himself.
    assert_eq!(bench.of("169.254.169.254", true).await, ips(&["169.254.169.254"]));
    assert_eq!(bench.of("169.254.169.254", false).await, ips(&[]));
    assert_eq!(dns.asked("169.254.169.254"), 0);
}

/// Whatever goes wrong, the last addresses stay, and the next good answer is taken.
#[tokio::test]
async fn the_last_addresses_outlive_every_failure() {
    let garbage: Reply = Arc::new(|question, _| {
        let mut packet = response(question).to_vec().unwrap();
        packet.truncate(15);
        vec![packet]
    });
    let looping = records(vec![alias(API, 1, "b.example"), alias("b.example", 1, API)]);
    let foreign: Reply = records(vec![address("other.example", 1, "6.6.6.6")]);
    let dns = NameServer::start().await;
    dns.point(API, 1, &["8.8.8.8"]);
    // Time enough for an answer on a busy machine, and a wait for silence.
    let settings = Settings { timeout: Duration::from_secs(2), ..quick(&dns) };
    let bench = Bench::start(settings, &[(API, false)]);
    for (reply, word) in [
        (code(ResponseCode::NXDomain), "nxdomain"),
        (records(Vec::new()), "no_address"),
        (code(ResponseCode::ServFail), "server_failed"),
        (code(ResponseCode::Refused), "server_failed"),
        (silence(), "timeout"),
        (garbage, "malformed"),
        (looping, "no_address"),
        (foreign, "no_address"),
    ] {
        dns.point(API, 1, &["8.8.8.8"]);
        bench.comes_to(API, &["8.8.8.8"]).await;
        dns.always(API, &reply);
        bench.fails(API, word).await;
        assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]), "{word}");
        assert!(bench.status(API).lookups[word] > 0);
        dns.point(API, 1, &["1.1.1.1"]);
        bench.comes_to(API, &["1.1.1.1"]).await;
        assert_eq!(bench.status(API).failure, None);
    }
}

/// A name without addresses says so at once: who asks can go elsewhere.
#[tokio::test]
async fn a_name_that_fails_from_the_start_is_not_waited_for() {
    let dns = NameServer::start().await;
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&[]));
    bench.fails(API, "nxdomain").await;
    dns.point(API, 1, &["8.8.8.8"]);
    bench.comes_to(API, &["8.8.8.8"]).await;
}

#[tokio::test]
async fn times_to_live_are_held_within_bounds() {
    let dns = NameServer::start().await;
    let names = ["zero.example", "usual.example", "huge.example", "endless.example"];
    for (name, ttl) in names.iter().zip([0, 60, 31_536_000, u32::MAX]) {
        dns.point(name, ttl, &["8.8.8.8"]);
    }
    let settings = Settings {
        min_ttl: Duration::from_secs(30),
        max_ttl: Duration::from_secs(300),
        ..quick(&dns)
    };
    let bench = Bench::start(settings, &names.map(|name| (name, false)));
    for (name, bound) in names.iter().zip([30, 60, 300, 300]) {
        assert_eq!(bench.strict(name).await, ips(&["8.8.8.8"]));
        let Status { fresh, age, .. } = bench.status(name);
        let whole = fresh + age.unwrap();
        // A year does not fit, nor does anything beyond 2^31 seconds (RFC 2181: that is none).
        let expected = Duration::from_secs(bound);
        let none = *name == "endless.example" && whole.as_secs() == 30;
        assert!(whole.abs_diff(expected) < Duration::from_millis(10) || none, "{name}: {whole:?}");
    }
    // Names that nobody waits for are asked for again all the same, before their time is over.
    let dns = NameServer::start().await;
    dns.point(API, 604_800, &["8.8.8.8"]);
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    until("many questions", || async { dns.asked(API) >= 10 }).await;
    assert_eq!(bench.status(API).failures, 0);
}

#[tokio::test]
async fn aliases_are_followed_to_addresses_that_are_vetted() {
    let dns = NameServer::start().await;
    let chain = |end: &str| {
        records(vec![
            alias(API, 1, "a.cdn.example"),
            alias("a.cdn.example", 1, "b.cdn.example"),
            address("b.cdn.example", 1, end),
            address("unasked.example", 1, "6.6.6.6"),
        ])
    };
    dns.say(API, RecordType::A, chain("8.8.8.8"));
    // One answer each.
    dns.say("long.example", RecordType::A, records(vec![alias("long.example", 1, "l1.example")]));
    for n in 1..6 {
        let (from, to) = (format!("l{n}.example"), format!("l{}.example", n + 1));
        dns.say(&from, RecordType::A, records(vec![alias(&from, 1, &to)]));
    }
    dns.point("l6.example", 1, &["1.1.1.1"]);
    dns.say(
        "inside.example",
        RecordType::A,
        records(vec![alias("inside.example", 1, "i.example")]),
    );
    dns.point("i.example", 1, &["192.168.1.1"]);
    dns.say("self.example", RecordType::A, records(vec![alias("self.example", 1, "self.example")]));
    let names = [API, "long.example", "inside.example", "self.example"];
    let bench = Bench::start(quick(&dns), &names.map(|name| (name, false)));
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    assert_eq!(bench.strict("long.example").await, ips(&["1.1.1.1"]));
    assert_eq!(bench.strict("inside.example").await, ips(&[]));
    assert_eq!(bench.status("inside.example").refused.len(), 1);
    assert_eq!(bench.strict("self.example").await, ips(&[]));
    dns.say(API, RecordType::A, chain("127.0.0.1"));
    bench.fails(API, "refused").await;
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
}

/// An answer that was not asked for is not taken.
#[tokio::test]
async fn forged_answers_are_ignored() {
    let dns = NameServer::start().await;
    let forged: Reply = Arc::new(|question: &Message, _| {
        let mut other_id = response(question);
        other_id.metadata.id = question.metadata.id.wrapping_add(1);
        other_id.add_answer(address(API, 1, "6.6.6.6"));
        let mut other_question = response(question);
        other_question.queries = vec![Query::query(name("evil.example"), RecordType::A)];
        other_question.add_answer(address("evil.example", 1, "6.6.6.7"));
        let mut right = response(question);
        right.add_answer(address(API, 1, "8.8.8.8"));
        let mut packets = vec![vec![], vec![0xff; 7]];
        packets.extend([other_id, other_question, right].iter().map(|it| it.to_vec().unwrap()));
        packets
    });
    dns.say(API, RecordType::A, forged);
    dns.say(API, RecordType::AAAA, records(Vec::new()));
    let bench = Bench::start(quick(&dns), &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
}

#[tokio::test]
async fn an_answer_too_long_for_udp_is_asked_for_over_tcp() {
    let dns = NameServer::start().await;
    let many: Vec<String> = (1..=200).map(|n| format!("8.8.8.{n}")).collect();
    let all = records(many.iter().map(|ip| address(API, 1, ip)).collect());
    let cut: Reply = Arc::new(move |question, over| {
        if over == Over::Stream {
            return all(question, over);
        }
        let mut response = response(question);
        response.metadata.truncation = true;
        vec![response.to_vec().unwrap()]
    });
    dns.say(API, RecordType::A, cut.clone());
    let settings = Settings { family: Family::V4, ..quick(&dns) };
    let bench = Bench::start(settings, &[(API, false)]);
    let found = bench.strict(API).await;
    assert_eq!(found.len(), 16, "as many as are ever used of a name");
    assert_eq!(found[0], ips(&["8.8.8.1"])[0]);
    let questions = dns.questions();
    assert!(questions.iter().any(|(.., over)| *over == Over::Udp));
    assert!(questions.iter().any(|(.., over)| *over == Over::Stream));
    // Nobody asks for what is not wanted.
    assert!(questions.iter().all(|(_, kind, _)| *kind == RecordType::A));

    let settings =
        Settings { servers: Some(vec![server(dns.address, Transport::Tcp)]), ..quick(&dns) };
    let before = dns.questions().len();
    drop(bench);
    let bench = Bench::start(settings, &[(API, false)]);
    assert_eq!(bench.strict(API).await.len(), 16);
    assert!(dns.questions()[before..].iter().any(|(.., over)| *over == Over::Stream));
}

#[tokio::test]
async fn a_server_that_goes_away_is_survived_for_a_while() {
    let dns = NameServer::start().await;
    dns.point(API, 1, &["8.8.8.8"]);
    let settings = Settings {
        stale: Duration::from_secs(2),
        timeout: Duration::from_millis(500),
        ..quick(&dns)
    };
    let bench = Bench::start(settings, &[(API, false)]);
    bench.comes_to(API, &["8.8.8.8"]).await;
    dns.silent(true);
    bench.fails(API, "timeout").await;
    assert_eq!(bench.strict(API).await, ips(&["8.8.8.8"]));
    bench.comes_to(API, &[]).await;
    dns.silent(false);
    bench.comes_to(API, &["8.8.8.8"]).await;
}

#[tokio::test]
async fn another_server_is_asked_where_one_fails() {
    let (bad, good) = (NameServer::start().await, NameServer::start().await);
    good.point(API, 1, &["8.8.8.8"]);
    let settings = Settings {
        servers: Some(vec![
            server(bad.address, Transport::Udp),
            server(good.address, Transport::Udp),
        ]),
        timeout: Duration::from_secs(1),
        ..quick(&good)
    };
    for reply in [code(ResponseCode::ServFail), code(ResponseCode::Refused), silence()] {
        bad.always(API, &reply);
        let bench = Bench::start(settings.clone(), &[(API, false)]);
        bench.comes_to(API, &["8.8.8.8"]).await;
    }
    // That there is no such name is an answer.
    bad.always(API, &code(ResponseCode::NXDomain));
    let bench = Bench::start(settings, &[(API, false)]);
    assert_eq!(bench.strict(API).await, ips(&[]));
    bench.fails(API, "nxdomain").await;
}

/// One family is enough where a server does not answer for the other.
#[tokio::test]
async fn a_family_that_fails_does_not_hold_up_the_other() {
    let dns = NameServer::start().await;
    let names = ["a.example", "b.example", "c.example"];
    for (name, reply) in
        names.iter().zip([silence(), code(ResponseCode::ServFail), code(ResponseCode::NXDomain)])
    {
        dns.point(name, 1, &["8.8.8.8"]);
        dns.say(name, RecordType::AAAA, reply);
    }
    // Longer than the test would wait for anything.
    let settings = Settings { timeout: PATIENCE * 2, ..quick(&dns) };
    let bench = Bench::start(settings, &names.map(|name| (name, false)));
    for name in names {
        assert_eq!(bench.strict(name).await, ips(&["8.8.8.8"]), "{name}");
    }
}

/// DNS over TLS: under the right name only.
#[tokio::test]
async fn a_server_over_tls_is_verified() {
    let identity = ROOT.issue(&["dns.internal"]).unwrap();
    let dns = NameServer::start_tls(&identity).await;
    dns.point(API, 1, &["8.8.8.8"]);
    let ders = |pem: &str| {
        let certificates = CertificateDer::pem_slice_iter(pem.as_bytes());
        Some(certificates.map(|certificate| certificate.unwrap().to_vec()).collect::<Vec<_>>())
    };
    let at = |name: &str, ca: Option<&str>| Settings {
        servers: Some(vec![server(dns.tls.unwrap(), Transport::Tls(name.to_owned()))]),
        ca: ca.and_then(ders),
        ..quick(&dns)
    };
    let other = Authority::new().unwrap();
    for (name, ca) in [
        ("other.internal", Some(ROOT.ca_pem())),
        ("127.0.0.1", Some(ROOT.ca_pem())),
        ("dns.internal", Some(other.ca_pem())),
        // The system's roots.
        ("dns.internal", None),
    ] {
        let bench = Bench::start(at(name, ca), &[(API, false)]);
        assert_eq!(bench.strict(API).await, ips(&[]), "{name}");
        bench.fails(API, "unreachable").await;
        assert_eq!(dns.asked(API), 0, "it was told what is asked for");
    }
    let bench = Bench::start(at("dns.internal", Some(ROOT.ca_pem())), &[(API, false)]);
    bench.comes_to(API, &["8.8.8.8"]).await;
    assert!(dns.questions().iter().all(|(.., over)| *over == Over::Stream));
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

/// Whatever bytes come, nothing breaks for the names beside.
#[tokio::test]
async fn garbage_breaks_nothing() {
    const NAMES: usize = 300;
    let dns = NameServer::start().await;
    let names: Vec<String> = (0..NAMES).map(|n| format!("g{n}.example")).collect();
    for (seed, owner) in names.iter().enumerate() {
        let of = owner.clone();
        let garbage: Reply = Arc::new(move |question, _| {
            let mut right = response(question);
            right.add_answer(alias(&of, 1, "b.example"));
            right.add_answer(address("b.example", 1, "8.8.8.8"));
            vec![mangle(right.to_vec().unwrap(), seed as u64)]
        });
        dns.always(owner, &garbage);
    }
    dns.point(API, 1, &["8.8.8.8"]);
    let mut wanted: Vec<(&str, bool)> = names.iter().map(|name| (&**name, false)).collect();
    wanted.push((API, false));
    let settings = Settings { timeout: Duration::from_secs(1), ..quick(&dns) };
    let bench = Bench::start(settings, &wanted);
    for name in &names {
        let found = bench.strict(name).await;
        // Only what is left whole is an answer, or what became another public address.
        assert!(found.len() <= 1, "{name}: {found:?}");
        let lookups = bench.status(name).lookups;
        assert!(lookups.values().sum::<u64>() > 0, "{name} was never looked at");
    }
    bench.comes_to(API, &["8.8.8.8"]).await;
}

/// Changes, cuts or lengthens a packet behind its id, another way for each seed.
fn mangle(mut packet: Vec<u8>, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).unwrap()
    };
    for _ in 0..=next(6) {
        let at = 2 + next(packet.len() - 2);
        packet[at] = u8::try_from(next(256)).unwrap();
    }
    match next(4) {
        0 => packet.truncate(2 + next(packet.len() - 2)),
        1 => packet.extend((0..next(100)).map(|n| n as u8)),
        _ => {}
    }
    packet
}

mod signed;
