//! Which addresses a backend may have.
//!
//! A name that points into the gateway's own network would turn it into a way in (SSRF, DNS
//! rebinding; `trust.md` S-35). So whatever is not on the public internet is refused, unless the
//! backend says `allow_private`. The table follows IANA's registries of special-purpose addresses
//! (RFC 6890 and its updates, as of 2026).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What an address is, if it is none of the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `0.0.0.0` and its network, `::`: no destination, though Linux takes it for loopback.
    Unspecified,
    /// This machine.
    Loopback,
    /// RFC 1918, and IPv6's unique local addresses.
    Private,
    /// Carrier-grade NAT, RFC 6598; clouds use it inside, too.
    Shared,
    /// Good on one link only.
    LinkLocal,
    /// Where a cloud hands credentials to whoever asks from inside.
    Metadata,
    /// For examples and tests of networks.
    Documentation,
    /// Many receivers.
    Multicast,
    /// All receivers.
    Broadcast,
    /// An IPv4 address in a spelling that no name server has reason to use.
    Embedded,
    /// Not given out, or for protocols.
    Reserved,
}

impl Kind {
    /// In a word, for metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::Shared => "shared",
            Self::LinkLocal => "link_local",
            Self::Metadata => "metadata",
            Self::Documentation => "documentation",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Embedded => "embedded",
            Self::Reserved => "reserved",
        }
    }

    /// In words: "is …".
    const fn described(self) -> &'static str {
        match self {
            Self::Unspecified => "no destination",
            Self::Loopback => "this machine",
            Self::Private => "a private address",
            Self::Shared => "a shared address (carrier-grade NAT)",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a metadata service of a cloud",
            Self::Documentation => "an address for documentation or tests",
            Self::Multicast => "a multicast address",
            Self::Broadcast => "a broadcast address",
            Self::Embedded => "an IPv4 address in an IPv6 one",
            Self::Reserved => "a reserved address",
        }
    }

    /// Whether no host can have such an address, whatever is allowed.
    const fn is_no_host(self) -> bool {
        matches!(self, Self::Unspecified | Self::Multicast | Self::Broadcast)
    }
}

/// Why an address is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The address.
    pub ip: IpAddr,
    /// What it is.
    pub kind: Kind,
    /// Whether `allow_private` would help.
    pub allowable: bool,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.ip, self.kind.described())
    }
}

/// Whether a backend at `host` may be dialled at this address.
///
/// `host` is the one in its URL. A metadata service is refused even where private addresses are
/// allowed, unless `host` is that very address: then nobody but the operator has named it.
///
/// # Errors
///
/// It may not.
pub fn vet(ip: IpAddr, host: &str, allow_private: bool) -> Result<(), Refused> {
    let Some(kind) = kind(ip) else { return Ok(()) };
    let named = || host.parse() == Ok(ip);
    let allowable = !kind.is_no_host() && (kind != Kind::Metadata || named());
    if allowable && allow_private { Ok(()) } else { Err(Refused { ip, kind, allowable }) }
}

/// What an address is; `None`: one of the public internet.
#[must_use]
pub fn kind(ip: IpAddr) -> Option<Kind> {
    match ip {
        IpAddr::V4(ip) => kind_v4(ip),
        IpAddr::V6(ip) => kind_v6(ip),
    }
}

/// A block of IPv4 addresses: the first, how many bits all have in common, and what they are.
type V4 = (Ipv4Addr, u32, Kind);
/// The same of IPv6.
type V6 = (Ipv6Addr, u32, Kind);

const fn four(a: u8, b: u8, c: u8, d: u8) -> Ipv4Addr {
    Ipv4Addr::new(a, b, c, d)
}

const fn six(head: [u16; 4], tail: [u16; 4]) -> Ipv6Addr {
    let ([a, b, c, d], [e, f, g, h]) = (head, tail);
    Ipv6Addr::new(a, b, c, d, e, f, g, h)
}

/// The first that fits counts.
const V4_RANGES: [V4; 22] = [
    // AWS, Azure, Google, DigitalOcean, OpenStack, Oracle: 169.254.169.254, and what is beside it.
    (four(169, 254, 169, 0), 24, Kind::Metadata),
    // AWS: credentials of ECS tasks (.2) and EKS pods (.23).
    (four(169, 254, 170, 0), 24, Kind::Metadata),
    // Tencent.
    (four(169, 254, 0, 23), 32, Kind::Metadata),
    // Alibaba.
    (four(100, 100, 100, 200), 32, Kind::Metadata),
    // Azure's wire server: not of a private range.
    (four(168, 63, 129, 16), 32, Kind::Metadata),
    // Oracle.
    (four(192, 0, 0, 192), 32, Kind::Metadata),
    (four(0, 0, 0, 0), 8, Kind::Unspecified),
    (four(10, 0, 0, 0), 8, Kind::Private),
    (four(100, 64, 0, 0), 10, Kind::Shared),
    (four(127, 0, 0, 0), 8, Kind::Loopback),
    (four(169, 254, 0, 0), 16, Kind::LinkLocal),
    (four(172, 16, 0, 0), 12, Kind::Private),
    (four(192, 0, 0, 0), 24, Kind::Reserved),
    (four(192, 0, 2, 0), 24, Kind::Documentation),
    // The relays of 6to4, given up by RFC 7526.
    (four(192, 88, 99, 0), 24, Kind::Reserved),
    (four(192, 168, 0, 0), 16, Kind::Private),
    (four(198, 18, 0, 0), 15, Kind::Documentation),
    (four(198, 51, 100, 0), 24, Kind::Documentation),
    (four(203, 0, 113, 0), 24, Kind::Documentation),
    (four(224, 0, 0, 0), 4, Kind::Multicast),
    (four(255, 255, 255, 255), 32, Kind::Broadcast),
    (four(240, 0, 0, 0), 4, Kind::Reserved),
];

/// The first that fits counts.
const V6_RANGES: [V6; 18] = [
    // AWS: metadata, and credentials of EKS pods.
    (six([0xfd00, 0xec2, 0, 0], [0, 0, 0, 0x254]), 128, Kind::Metadata),
    (six([0xfd00, 0xec2, 0, 0], [0, 0, 0, 0x23]), 128, Kind::Metadata),
    // Google.
    (six([0xfd20, 0xce, 0, 0], [0, 0, 0, 0x254]), 128, Kind::Metadata),
    // OpenStack.
    (six([0xfe80, 0, 0, 0], [0, 0, 0xa9fe, 0xa9fe]), 128, Kind::Metadata),
    (six([0; 4], [0; 4]), 128, Kind::Unspecified),
    (six([0; 4], [0, 0, 0, 1]), 128, Kind::Loopback),
    (six([0xfc00, 0, 0, 0], [0; 4]), 7, Kind::Private),
    (six([0xfe80, 0, 0, 0], [0; 4]), 10, Kind::LinkLocal),
    // Site-local, given up by RFC 3879.
    (six([0xfec0, 0, 0, 0], [0; 4]), 10, Kind::Private),
    (six([0xff00, 0, 0, 0], [0; 4]), 8, Kind::Multicast),
    (six([0x2001, 0xdb8, 0, 0], [0; 4]), 32, Kind::Documentation),
    (six([0x3fff, 0, 0, 0], [0; 4]), 20, Kind::Documentation),
    // IPv4-mapped, which the kernel sends by IPv4.
    (six([0; 4], [0, 0xffff, 0, 0]), 96, Kind::Embedded),
    // IPv4-compatible and IPv4-translated, given up.
    (six([0; 4], [0; 4]), 96, Kind::Embedded),
    (six([0; 4], [0xffff, 0, 0, 0]), 96, Kind::Embedded),
    // 6to4 and Teredo, given up.
    (six([0x2002, 0, 0, 0], [0; 4]), 16, Kind::Embedded),
    (six([0x2001, 0, 0, 0], [0; 4]), 32, Kind::Embedded),
    // Of protocols: ORCHID, benchmarking, …
    (six([0x2001, 0, 0, 0], [0; 4]), 23, Kind::Reserved),
];

/// What is given out to hosts of the public internet, and NAT64 (RFC 6052), which leads there.
const V6_GLOBAL: [(Ipv6Addr, u32); 2] =
    [(six([0x2000, 0, 0, 0], [0; 4]), 3), (six([0x64, 0xff9b, 0, 0], [0; 4]), 96)];

/// Where IPv4 addresses stand in IPv6 ones: the block, how far they are from the right end in bits,
/// and what each of their bits is combined with (exclusive or).
const EMBEDDINGS: [(Ipv6Addr, u32, u32, u32); 7] = [
    (six([0; 4], [0, 0xffff, 0, 0]), 96, 0, 0),
    (six([0; 4], [0; 4]), 96, 0, 0),
    (six([0; 4], [0xffff, 0, 0, 0]), 96, 0, 0),
    (six([0x64, 0xff9b, 0, 0], [0; 4]), 96, 0, 0),
    (six([0x2002, 0, 0, 0], [0; 4]), 16, 80, 0),
    // Teredo: its server, and who is behind it.
    (six([0x2001, 0, 0, 0], [0; 4]), 32, 64, 0),
    (six([0x2001, 0, 0, 0], [0; 4]), 32, 0, u32::MAX),
];

fn kind_v4(ip: Ipv4Addr) -> Option<Kind> {
    let within = |first: Ipv4Addr, bits| (ip.to_bits() ^ first.to_bits()).leading_zeros() >= bits;
    let mut ranges = V4_RANGES.iter();
    ranges.find(|(first, bits, _)| within(*first, *bits)).map(|(.., kind)| *kind)
}

fn kind_v6(ip: Ipv6Addr) -> Option<Kind> {
    let within = |first: Ipv6Addr, bits| (ip.to_bits() ^ first.to_bits()).leading_zeros() >= bits;
    let mut ranges = V6_RANGES.iter();
    let range = ranges.find(|(first, bits, _)| within(*first, *bits)).map(|(.., kind)| *kind);
    if let Some(kind) = range
        && kind != Kind::Embedded
    {
        return Some(kind);
    }
    let inside = |(first, bits, from_end, mask): &(Ipv6Addr, u32, u32, u32)| {
        #[expect(clippy::cast_possible_truncation, reason = "those 32 bits are meant")]
        let address = (ip.to_bits() >> from_end) as u32;
        if within(*first, *bits) { kind_v4(Ipv4Addr::from_bits(address ^ mask)) } else { None }
    };
    let global = V6_GLOBAL.iter().any(|(first, bits)| within(*first, *bits));
    let otherwise = range.or((!global).then_some(Kind::Reserved));
    EMBEDDINGS.iter().find_map(inside).or(otherwise)
}

#[cfg(test)]
mod tests;
