//! The gateways that a request has come through, so that none of them serves it twice (S-28).
//!
//! A gateway that sends a request on to another one (`mode: parent`) says so in
//! [`HEADER`]: the tags of those that it came through, and its own, which is random and the
//! process's. Providers get none. A request that comes in with our own tag has come round in a
//! circle; one with too many is taken for such, since the circle may be of replicas.
//!
//! A gateway that takes another one for a provider sends no tag. Nobody could tell then how often
//! a request has gone round, so what comes from an Egret without one is refused.

use std::hash::{BuildHasher, RandomState};

use http::{HeaderMap, HeaderName, header};
use pingora::http::RequestHeader;
use providers::conversation::{ApiError, ErrorClass};

use super::failure::Failure;
use crate::snapshot::{Backend, Mode};

/// Tags with commas between, the first gateway's first.
pub const HEADER: HeaderName = HeaderName::from_static("x-egret-hops");

/// What the `user-agent` of an Egret begins with, of whichever version.
const PRODUCT: &[u8] = b"egret/";

/// The longest tag. Ours are 16.
const LONGEST: usize = 64;

/// The gateways that a request has come through, as the next one is told.
#[derive(Debug, Default)]
pub struct Hops(String);

/// A tag that no other process has.
pub fn tag() -> String {
    format!("{:016x}", RandomState::new().hash_one(std::process::id()))
}

impl Hops {
    /// What a request says of where it has been, and that it has come to us, who are `own`.
    ///
    /// # Errors
    ///
    /// It has been here, or at more than `most` gateways (508); its tags are none.
    pub fn of(headers: &HeaderMap, own: &str, most: usize) -> Result<Self, Failure> {
        let mut tags: Vec<&str> = Vec::new();
        for value in headers.get_all(HEADER) {
            let text = value.to_str().map_err(|_| malformed())?;
            for tag in text.split(',').map(str::trim) {
                let plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                if tag.is_empty() || tag.len() > LONGEST || !plain {
                    return Err(malformed());
                }
                if tag == own {
                    let message = "the request has come back to this gateway: one of its parents \
                                   sends it here; tell your platform team";
                    return Err(looping(message.to_owned()));
                }
                if tags.len() == most {
                    let message = format!(
                        "the request has come through more than {most} gateways; tell your \
                         platform team"
                    );
                    return Err(looping(message));
                }
                tags.push(tag);
            }
        }
        if tags.is_empty() && is_ours(headers) {
            let message = "the request comes from a gateway that takes this one for a provider; \
                           its backend needs `mode: parent`";
            return Err(looping(message.to_owned()));
        }
        tags.push(own);
        Ok(Self(tags.join(",")))
    }

    /// Tells a parent.
    pub fn tell(&self, header: &mut RequestHeader, backend: &Backend) -> Result<(), Failure> {
        if backend.mode == Mode::Parent {
            header.insert_header(HEADER, self.0.as_str()).map_err(Failure::unbuildable)?;
        }
        Ok(())
    }
}

/// Whether an Egret sent it.
fn is_ours(headers: &HeaderMap) -> bool {
    let agent = headers.get(header::USER_AGENT);
    agent.is_some_and(|agent| agent.as_bytes().starts_with(PRODUCT))
}

fn malformed() -> Failure {
    let message = format!("`{HEADER}` is for gateways; leave it out");
    Failure::bad_request(message)
}

fn looping(message: String) -> Failure {
    Failure::denied("loop", ApiError::new(ErrorClass::Loop, message))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use proptest::prelude::*;

    use super::*;
    use crate::proxy::egress::USER_AGENT;

    fn of(values: &[&str]) -> Result<String, u16> {
        let headers = values.iter().map(|value| (HEADER, value.parse().unwrap())).collect();
        Hops::of(&headers, "own", 3).map(|hops| hops.0).map_err(|failure| match failure {
            Failure::Refused(refused) => {
                providers::Schema::Chat.codec().encode_error(&refused.error, "").0
            }
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn a_request_is_refused_that_has_been_here_or_everywhere() {
        assert_eq!(of(&[]), Ok("own".to_owned()));
        assert_eq!(of(&["a"]), Ok("a,own".to_owned()));
        assert_eq!(of(&["a , b", "c"]), Ok("a,b,c,own".to_owned()));
        assert_eq!(of(&["a,b,c,d"]), Err(508));
        assert_eq!(of(&["a,b", "c,d"]), Err(508));
        assert_eq!(of(&["own"]), Err(508));
        assert_eq!(of(&["a", "b, own"]), Err(508));
        for forged in ["", ",", "a,,b", "a b", "ä", "a;b", &"x".repeat(65)] {
            assert_eq!(of(&[forged]), Err(400), "{forged}");
        }
        assert_eq!(of(&[&"a,".repeat(10_000)]), Err(508));
        for ours in [USER_AGENT, "egret/0.0.0", "egret/99.1.0-rc.1"] {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, ours.parse().unwrap());
            assert!(Hops::of(&headers, "own", 3).is_err(), "{ours}");
            headers.insert(HEADER, "a".parse().unwrap());
            assert!(Hops::of(&headers, "own", 3).is_ok(), "{ours}");
        }
        for other in ["curl/8.0", "egrets/1.0", "little egret/1.0"] {
            let headers = HeaderMap::from_iter([(header::USER_AGENT, other.parse().unwrap())]);
            assert!(Hops::of(&headers, "own", 3).is_ok(), "{other}");
        }
    }

    proptest! {
        /// Whatever comes in, what goes on is bounded, well-formed and ours at its end.
        #[test]
        fn what_goes_on_is_well_formed(text in "[ -~]{0,300}") {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, text.parse().unwrap());
            if let Ok(Hops(told)) = Hops::of(&headers, "own", 8) {
                let tags: Vec<&str> = told.split(',').collect();
                prop_assert!(tags.len() <= 9 && tags.last() == Some(&"own"));
                prop_assert!(tags.iter().all(|tag| !tag.is_empty() && tag.len() <= LONGEST));
            }
        }
    }
}
