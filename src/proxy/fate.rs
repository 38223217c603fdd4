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
    /// REFUSED_STREAM), or a connection turned out to be over that was there before, or that was
    /// new and another one's request the last on it. It may be sent again.
    Untouched,
    /// Nor here, but it would fare no better again: it was not sent whole on a new connection, or
    /// not in time, or can't be, or our client certificate was turned down.
    Useless,
    /// The provider may have worked on it, and may bill it.
    Unknown,
}

/// How much of a request had gone out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Nothing: its h2 connection was over, or it can't be written.
    Nothing,
    /// Not all of it.
    Part,
    /// All of it, so long ago.
    Whole(Duration),
}

impl Fate {
    /// The fate of one that ended with this error when so much of it had gone out, on a connection
    /// that was there before or not.
    ///
    /// A stream that the provider resets may have been worked on, and so may a request whose
    /// connection went later than at once. Whether an answer had begun is known of HTTP/1.1 only.
    pub fn of(error: &BError, reused: bool, sent: Sent) -> Self {
        if is_turned_away(error) {
            return Self::Useless;
        }
        let untouched = match sent {
            Sent::Nothing => *error.etype() != ErrorType::InvalidHTTPHeader,
            Sent::Part => {
                let in_time = *error.etype() != ErrorType::WriteTimedout;
                reused && in_time || is_refused(error)
            }
            Sent::Whole(waited) => {
                let broken = matches!(error.retry, RetryType::ReusedOnly) || is_cut(error);
                let dead = reused && broken && !is_answered(error) && waited < DEAD_ALREADY;
                dead || is_refused(error)
            }
        };
        match (untouched, sent) {
            (true, _) => Self::Untouched,
            (false, Sent::Nothing | Sent::Part) => Self::Useless,
            (false, Sent::Whole(_)) => Self::Unknown,
        }
    }
}

/// Whether the provider says that it has not looked at the request (h2: GOAWAY, REFUSED_STREAM,
/// HTTP_1_1_REQUIRED).
pub fn is_refused(error: &BError) -> bool {
    matches!(error.retry, RetryType::Decided(true)) && !is_answered(error)
}

/// Whether the answer came, or began to, and could not be read.
fn is_answered(error: &BError) -> bool {
    matches!(error.etype(), ErrorType::InvalidH2 | ErrorType::InvalidHTTPHeader)
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
            move |reused, sent| Fate::of(&error, reused, sent)
        };
        let (soon, late) =
            (Sent::Whole(Duration::from_millis(50)), Sent::Whole(Duration::from_secs(5)));
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
        let unreadable = broken(ErrorType::InvalidH2, true.into());
        assert_eq!(unreadable(true, soon), Fate::Unknown);
        for reason in [ErrorType::WriteError, ErrorType::H2Error] {
            let unsent = broken(reason, false.into());
            assert_eq!(unsent(false, Sent::Part), Fate::Useless, "nobody bills that");
            assert_eq!(unsent(true, Sent::Part), Fate::Untouched);
            assert_eq!(unsent(false, Sent::Nothing), Fate::Untouched, "another one's was the last");
        }
        assert_eq!(refused(false, Sent::Part), Fate::Untouched);
        assert_eq!(unreadable(false, Sent::Part), Fate::Useless);
        let unwritable = broken(ErrorType::InvalidHTTPHeader, false.into());
        assert_eq!(unwritable(true, Sent::Nothing), Fate::Useless);
        let slow = broken(ErrorType::WriteTimedout, false.into());
        assert_eq!([true, false].map(|reused| slow(reused, Sent::Part)), [Fate::Useless; 2]);
    }
}
