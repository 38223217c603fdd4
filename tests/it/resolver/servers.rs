//! Who is asked, and how.

use std::sync::Arc;
use std::time::Duration;

use egret::resolve::{Family, Settings, Transport};
use hickory_proto::op::ResponseCode;
use hickory_proto::rr::RecordType;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

use super::{API, Bench, ips, quick, server};
use crate::support::dns::{NameServer, Over, Reply, address, code, records, response, silence};
use crate::support::provider::ROOT;
use crate::support::{Authority, PATIENCE};

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
        stale: Duration::from_secs(6),
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
