//! Why a name has no addresses.

use std::fmt;

use hickory_resolver::net::{DnsError, NetError, NoRecords};
use hickory_resolver::proto::op::ResponseCode;

/// Longest text of others that is repeated.
const LONGEST: usize = 200;

/// Why a name has no addresses that may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// There is no such name.
    NoSuchName,
    /// The name has no addresses.
    NoAddress,
    /// A server says that it failed, and how.
    ServerFailed(String),
    /// No server has answered in time.
    Timeout,
    /// No server can be reached, and why.
    Unreachable(String),
    /// An answer makes no sense, and why.
    Malformed(String),
    /// Its signatures are wrong, or not there though they should be.
    Bogus,
    /// All of its addresses are refused; see [`crate::resolve::vet`].
    Refused,
    /// None of its addresses has the name that it should have.
    Misnamed,
    /// The configuration does not allow the name.
    NotAllowed,
}

impl Failure {
    /// In a word, for metrics.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::NoSuchName => "nxdomain",
            Self::NoAddress => "no_address",
            Self::ServerFailed(_) => "server_failed",
            Self::Timeout => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Malformed(_) => "malformed",
            Self::Bogus => "bogus",
            Self::Refused => "refused",
            Self::Misnamed => "misnamed",
            Self::NotAllowed => "not_allowed",
        }
    }

    /// In a few words of ours, fit for callers: how the operator's name servers are reached is not
    /// theirs to know.
    #[must_use]
    pub const fn briefly(&self) -> &'static str {
        match self {
            Self::NoSuchName => "there is no such name",
            Self::NoAddress => "the name has no address",
            Self::ServerFailed(_) => "the name server failed",
            Self::Timeout => "no name server answered in time",
            Self::Unreachable(_) => "no name server can be reached",
            Self::Malformed(_) => "the name server's answer makes no sense",
            Self::Bogus => "the answer can't be validated (DNSSEC)",
            Self::Refused => "no address that it has may be used",
            Self::Misnamed => "no address has the name that it should (reverse DNS)",
            Self::NotAllowed => "it may not be resolved",
        }
    }

    /// Whether that is what the name's owner says, so that no other server is asked.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self, Self::NoSuchName | Self::NoAddress)
    }

    /// The one of two that says more.
    pub(super) fn or(self, other: Self) -> Self {
        if self.is_final() && self != Self::NoSuchName { other } else { self }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServerFailed(why) | Self::Unreachable(why) | Self::Malformed(why) => {
                write!(f, "{}: {why}", self.briefly())
            }
            Self::NotAllowed => f.write_str("`dns.allow` does not hold the name"),
            _ => f.write_str(self.briefly()),
        }
    }
}

impl From<NetError> for Failure {
    fn from(error: NetError) -> Self {
        match error {
            NetError::Timeout => Self::Timeout,
            NetError::Dns(DnsError::NoRecordsFound(NoRecords { response_code, .. })) => {
                Self::no_records(response_code)
            }
            NetError::Dns(DnsError::Nsec { response, proof, .. }) if !proof.is_bogus() => {
                Self::no_records(response.response_code)
            }
            NetError::Dns(DnsError::Nsec { .. } | DnsError::DnssecBogus) => Self::Bogus,
            NetError::Dns(DnsError::ResponseCode(code)) => Self::ServerFailed(code.to_string()),
            NetError::NoConnections => Self::Unreachable("no server is configured".to_owned()),
            NetError::Io(error) => Self::Unreachable(plain(&error.to_string())),
            NetError::RustlsError(error) => Self::Unreachable(plain(&error.to_string())),
            error => Self::Malformed(plain(&error.to_string())),
        }
    }
}

impl Failure {
    fn no_records(code: ResponseCode) -> Self {
        match code {
            ResponseCode::NXDomain => Self::NoSuchName,
            _ => Self::NoAddress,
        }
    }
}

/// Somebody else's text, fit for a log.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}
