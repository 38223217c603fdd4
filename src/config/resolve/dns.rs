//! Names of hosts, and which of them may be asked for.

use std::net::IpAddr;

use super::Resolver;
use crate::config::problem::Mark;
use crate::resolve::vet::vet;

impl Resolver<'_> {
    /// Checks the host that a backend's URL names, as far as that can be done without asking a
    /// name server (S-35).
    pub(super) fn check_host(&mut self, mark: Mark, host: &str, allow_private: bool) {
        let refused = if let Ok(ip) = host.parse::<IpAddr>() {
            vet(ip, host, allow_private)
                .err()
                .map(|refused| (refused.to_string(), refused.allowable))
        } else if !is_name(host) {
            let what = "the URL's host is neither an IP address nor a DNS name";
            self.problems.add(mark, what, "a name such as api.openai.com, or an address in full");
            return;
        } else {
            let own = is_localhost(host) && !allow_private;
            own.then(|| (format!("`{host}` is this machine"), true))
        };
        match refused {
            Some((what, true)) => {
                let remedy = "`allow_private: true` beside the URL, if that is where it is";
                self.problems.add(mark, what, remedy);
            }
            Some((what, false)) => self.problems.add(mark, what, "the address of a host"),
            None => {}
        }
    }
}

/// Whether this is a DNS name (RFC 1123), underscores let pass. One whose last label is a number
/// is an address to some readers (127.1, 0x7f.1) and so is none.
pub(super) fn is_name(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let label = |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(plain);
    let last = host.rsplit('.').next().unwrap_or_default();
    let number = last.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
    host.len() <= 253 && host.split('.').all(label) && !number
}

/// RFC 6761: whatever a name server says.
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "localhost" || host.ends_with(".localhost")
}
