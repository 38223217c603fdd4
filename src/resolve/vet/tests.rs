#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

type Range = (&'static str, &'static str, Kind, Option<&'static str>, Option<&'static str>);

/// The first and the last address of each range of IANA's registries, what they are, and their
/// neighbours outside: written down by hand, apart from the table.
const RANGES: [Range; 29] = [
    ("0.0.0.0", "0.255.255.255", Kind::Unspecified, None, Some("1.0.0.0")),
    ("10.0.0.0", "10.255.255.255", Kind::Private, Some("9.255.255.255"), Some("11.0.0.0")),
    ("100.64.0.0", "100.127.255.255", Kind::Shared, Some("100.63.255.255"), Some("100.128.0.0")),
    ("127.0.0.0", "127.255.255.255", Kind::Loopback, Some("126.255.255.255"), Some("128.0.0.0")),
    (
        "169.254.0.0",
        "169.254.255.255",
        Kind::LinkLocal,
        Some("169.253.255.255"),
        Some("169.255.0.0"),
    ),
    ("169.254.169.0", "169.254.169.255", Kind::Metadata, None, None),
    ("169.254.170.0", "169.254.170.255", Kind::Metadata, None, None),
    (
        "168.63.129.16",
        "168.63.129.16",
        Kind::Metadata,
        Some("168.63.129.15"),
        Some("168.63.129.17"),
    ),
    ("172.16.0.0", "172.31.255.255", Kind::Private, Some("172.15.255.255"), Some("172.32.0.0")),
    ("192.0.0.0", "192.0.0.255", Kind::Reserved, Some("191.255.255.255"), Some("192.0.1.0")),
    ("192.0.2.0", "192.0.2.255", Kind::Documentation, Some("192.0.1.255"), Some("192.0.3.0")),
    ("192.88.99.0", "192.88.99.255", Kind::Reserved, Some("192.88.98.255"), Some("192.88.100.0")),
    ("192.168.0.0", "192.168.255.255", Kind::Private, Some("192.167.255.255"), Some("192.169.0.0")),
    (
        "198.18.0.0",
        "198.19.255.255",
        Kind::Documentation,
        Some("198.17.255.255"),
        Some("198.20.0.0"),
    ),
    (
        "198.51.100.0",
        "198.51.100.255",
        Kind::Documentation,
        Some("198.51.99.255"),
        Some("198.51.101.0"),
    ),
    (
        "203.0.113.0",
        "203.0.113.255",
        Kind::Documentation,
        Some("203.0.112.255"),
        Some("203.0.114.0"),
    ),
    ("224.0.0.0", "239.255.255.255", Kind::Multicast, Some("223.255.255.255"), None),
    ("240.0.0.0", "255.255.255.254", Kind::Reserved, None, None),
    ("255.255.255.255", "255.255.255.255", Kind::Broadcast, None, None),
    ("::", "::", Kind::Unspecified, None, None),
    ("::1", "::1", Kind::Loopback, None, None),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Kind::Private, None, None),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Kind::LinkLocal, None, None),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Kind::Private, None, None),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Kind::Multicast, None, None),
    (
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        Kind::Documentation,
        Some("2001:db7:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("2001:db9::"),
    ),
    (
        "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff",
        Kind::Documentation,
        Some("3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("3fff:1000::"),
    ),
    (
        "2001:1::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff",
        Kind::Reserved,
        Some("2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Some("2001:200::"),
    ),
    (
        "4000::",
        "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        Kind::Reserved,
        Some("3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        None,
    ),
];

/// S-35.
#[test]
fn s_35_each_range_ends_where_the_registry_says() {
    for (first, last, what, before, after) in RANGES {
        for edge in [first, last] {
            assert_eq!(kind(ip(edge)), Some(what), "{edge}");
            let refused = vet(ip(edge), "api.example", false).unwrap_err();
            assert_eq!((refused.ip, refused.kind), (ip(edge), what));
        }
        for outside in [before, after].into_iter().flatten() {
            assert_eq!(kind(ip(outside)), None, "{outside}");
            assert_eq!(vet(ip(outside), "api.example", false), Ok(()));
        }
    }
}

/// S-35: each way to hide an address of the inside in one that looks public.
#[test]
fn s_35_an_ipv4_address_is_found_wherever_it_hides() {
    let hidden = |v4: &str, what| {
        let [a, b, c, d] = v4.parse::<Ipv4Addr>().unwrap().octets();
        let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        for form in [
            format!("::ffff:{v4}"),
            format!("::{v4}"),
            format!("::ffff:0:{v4}"),
            format!("64:ff9b::{v4}"),
            format!("2002:{high:x}:{low:x}::1"),
            format!("2002:{high:x}:{low:x}:ffff:ffff:ffff:ffff:ffff"),
            format!("2001:0:{high:x}:{low:x}:0:ffff:f7f7:f7f7"),
            format!("2001:0:808:808:0:ffff:{:x}:{:x}", !high, !low),
        ] {
            assert_eq!(kind(ip(&form)), Some(what), "{form}");
        }
    };
    hidden("127.0.0.2", Kind::Loopback);
    hidden("10.1.2.3", Kind::Private);
    hidden("169.254.169.254", Kind::Metadata);
    hidden("100.64.0.1", Kind::Shared);
    hidden("168.63.129.16", Kind::Metadata);
    // Of a public one only what DNS64 gives is taken.
    assert_eq!(kind(ip("64:ff9b::8.8.8.8")), None);
    for form in ["::ffff:8.8.8.8", "::8.8.8.8", "2002:808:808::1", "2001:0:808:808::f7f7:f7f7"] {
        assert_eq!(kind(ip(form)), Some(Kind::Embedded), "{form}");
    }
    assert_eq!(kind(ip("64:ff9b:1::8.8.8.8")), Some(Kind::Reserved), "its prefix is unknown");
}

#[test]
fn public_addresses_pass() {
    for public in [
        "8.8.8.8",
        "104.18.6.192",
        "160.79.104.10",
        "2606:4700::6812:6c0",
        "2607:6bc0::10",
        "2a00:1450:4001:80b::200a",
        "2620:4f:8000::1",
    ] {
        assert_eq!(vet(ip(public), "api.example", false), Ok(()), "{public}");
    }
}

/// S-35: a metadata service is only for who names it himself.
#[test]
fn s_35_allow_private_does_not_open_the_metadata_service() {
    for metadata in
        ["169.254.169.254", "169.254.170.23", "fd00:ec2::254", "100.100.100.200", "fd20:ce::254"]
    {
        let refused = vet(ip(metadata), "rebound.example", true).unwrap_err();
        assert_eq!((refused.kind, refused.allowable), (Kind::Metadata, false));
        assert_eq!(vet(ip(metadata), metadata, true), Ok(()));
        assert!(vet(ip(metadata), metadata, false).unwrap_err().allowable);
        assert!(vet(ip(metadata), "10.0.0.1", true).is_err());
    }
    for nobody in ["0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"] {
        assert!(vet(ip(nobody), nobody, true).is_err(), "{nobody}");
    }
    for inside in ["127.0.0.1", "::1", "10.0.0.1", "fd12::1", "fe80::1", "100.64.0.1"] {
        assert_eq!(vet(ip(inside), "models.internal", true), Ok(()), "{inside}");
    }
}

#[test]
fn a_refusal_says_what_the_address_is() {
    let refused = vet(ip("10.0.0.7"), "h.example", false).unwrap_err();
    assert_eq!(refused.to_string(), "10.0.0.7 is a private address");
}

proptest! {
    /// Rust's own reading of private addresses is never looser than the table.
    #[test]
    fn whatever_the_standard_library_calls_private_is_refused(bits: u32) {
        let v4 = Ipv4Addr::from_bits(bits);
        let special = v4.is_loopback() || v4.is_private() || v4.is_link_local()
            || v4.is_unspecified() || v4.is_multicast() || v4.is_broadcast()
            || v4.is_documentation();
        let found = kind(IpAddr::V4(v4));
        prop_assert!(!special || found.is_some());
        // And a hidden one is what it is in the open.
        if let Some(found) = found {
            prop_assert_eq!(kind(IpAddr::V6(Ipv6Addr::from_bits(0x64_ff9b << 96 | u128::from(bits)))), Some(found));
            prop_assert_eq!(kind(IpAddr::V6(v4.to_ipv6_mapped())), Some(found));
        } else {
            prop_assert_eq!(kind(IpAddr::V6(v4.to_ipv6_mapped())), Some(Kind::Embedded));
        }
    }

    #[test]
    fn nothing_outside_of_global_unicast_passes(bits: u128) {
        let v6 = Ipv6Addr::from_bits(bits);
        let [first, ..] = v6.segments();
        let global = (0x2000..0x4000).contains(&first);
        prop_assert!(global || first == 0x64 || kind(IpAddr::V6(v6)).is_some());
        // What the gateway may dial with leave, it may not without.
        let (with, without) =
            (vet(IpAddr::V6(v6), "h", true), vet(IpAddr::V6(v6), "h", false));
        prop_assert!(with.is_ok() || without.is_err());
    }
}
