//! What became of a request that has no answer: whether it may be sent again, and may be billed.

use std::io;
use std::time::Duration;

use pingora::{BError, ErrorType, RetryType};

use crate::trust;

/// A pooled connection that had died before a request was written to it shows so within a round
/// trip. One that breaks later may do so while the provider works on the request.
const DEAD_ALREADY: Duration = Duration::from_secs(1);

/// What became of a request that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The provider can't have worked on it: it says that it did not look at it (h2: GOAWAY,
    /// REFUSED_STREAM), or a pooled connection turned out to be dead. It may be sent again.
    Untouched,
    /// Nor here, but it would fare no better again: it was not sent whole on a new connection, or
    /// not in time, or our client certificate was turned down.
    Useless,
    /// The provider may have worked on it, and may bill it.
    Unknown,
}

impl Fate {
    /// The fate of one that ended with this error so long after its last byte had gone out, if that
    /// had, on a connection that was there before or not.
    ///
    /// A stream that the provider resets may have been worked on, and so may a request whose
    /// connection went later than at once. Whether an answer had begun is known of HTTP/1.1 only.
    pub fn of(error: &BError, reused: bool, waited: Option<Duration>) -> Self {
        if is_turned_away(error) {
            return Self::Useless;
        }
        let Some(waited) = waited else {
            let in_time = *error.etype() != ErrorType::WriteTimedout;
            // A new one may be over, too: over h2, another caller's request can be its last.
            let over = reused || matches!(error.retry, RetryType::Decided(true));
            return if over && in_time { Self::Untouched } else { Self::Useless };
        };
        let untouched = match error.etype() {
            // The answer came, or began to, and could not be read.
            ErrorType::InvalidH2 | ErrorType::InvalidHTTPHeader => false,
            _ => match error.retry {
                RetryType::Decided(false) if is_cut(error) => reused && waited < DEAD_ALREADY,
                RetryType::Decided(untouched) => untouched,
                RetryType::ReusedOnly => reused && waited < DEAD_ALREADY,
            },
        };
        if untouched { Self::Untouched } else { Self::Unknown }
    }
}

/// Whether a provider does not take our client certificate. Under TLS 1.3 it says so when it is asked
/// for something already, and looks at no request.
fn is_turned_away(error: &BError) -> bool {
    trust::explain(error.root_cause()).is_some_and(|refusal| refusal.is_of_client())
}

/// Whether a connection was closed without TLS's farewell (close_notify), as many a load balancer
/// does. To Pingora that is an error of TLS like any other.
fn is_cut(error: &BError) -> bool {
    let cause = error.root_cause();
    let held = || cause.downcast_ref::<h2::Error>().and_then(h2::Error::get_io);
    let broken = cause.downcast_ref::<io::Error>().or_else(held);
    broken.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

#[cfg(test)]
mod tests {
    use pingora::Error;

    use super::*;

    #[test]
    fn what_breaks_at_once_on_a_pooled_connection_may_go_out_again() {
        let broken = |etype: ErrorType, retry: RetryType| {
            let mut error = Error::new(etype);
            error.retry = retry;
            move |reused, waited| Fate::of(&error, reused, waited)
        };
        let (soon, late) = (Some(Duration::from_millis(50)), Some(Duration::from_secs(5)));
        let dead = broken(ErrorType::ConnectionClosed, RetryType::ReusedOnly);
        assert_eq!(dead(true, soon), Fate::Untouched, "it had died in the pool");
        assert_eq!(dead(true, late), Fate::Unknown, "the provider had it for 5 s");
        assert_eq!(dead(false, soon), Fate::Unknown, "it was new");
        let mut cut = Error::because(
            ErrorType::ReadError,
            "while reading response headers",
            io::Error::from(io::ErrorKind::UnexpectedEof),
        );
        cut.retry = false.into();
        assert_eq!(Fate::of(&cut, true, soon), Fate::Untouched, "dead, and without a farewell");
        assert_eq!(Fate::of(&cut, true, late), Fate::Unknown);
        assert_eq!(Fate::of(&cut, false, soon), Fate::Unknown);
        let refused = broken(ErrorType::H2Error, true.into());
        assert_eq!(refused(false, late), Fate::Untouched, "the provider did not look at it");
        assert_eq!(broken(ErrorType::InvalidH2, true.into())(true, soon), Fate::Unknown);
        for reason in [ErrorType::WriteError, ErrorType::H2Error] {
            let unsent = broken(reason, false.into());
            assert_eq!(unsent(false, None), Fate::Useless, "nobody bills that");
            assert_eq!(unsent(true, None), Fate::Untouched);
        }
        let over = broken(ErrorType::H2Error, true.into());
        assert_eq!(over(false, None), Fate::Untouched, "it ended behind another one's request");
        let slow = broken(ErrorType::WriteTimedout, false.into());
        assert_eq!((slow(true, None), slow(false, None)), (Fate::Useless, Fate::Useless));
    }
}
