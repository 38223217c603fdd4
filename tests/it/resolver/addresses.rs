//! Which addresses a backend may have (S-35).

use std::time::Duration;

use egret::resolve::Settings;

use super::{API, Bench, ips, quick};
use crate::support::dns::NameServer;

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
