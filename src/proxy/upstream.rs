//! One exchange with a provider.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Stream;
use pingora::protocols::http::client::HttpSession;
use pingora::protocols::http::v1::client::{HttpSession as H1Session, http_req_header_to_wire};
use pingora::{BError, Error, ErrorType, OkOrErr, OrErr, RetryType};
use tokio::io::AsyncWriteExt;

use crate::connect::{Connection, Connector, Line, Peer, Unreached};
use crate::resolve::Resolver;
use crate::snapshot::Backend;
use crate::trust::{self, Trusts};

/// Most bytes of a failed answer that are read so that its connection can be used again.
const DRAIN: usize = 64 * 1024;
/// Longest time for the body of a failed answer.
const SOON: Duration = Duration::from_secs(10);
/// Most headers that only inform (1xx) before the answer's own.
const INFORMING: usize = 16;
/// Longest time for closing a connection.
const FAREWELL: Duration = Duration::from_secs(1);
/// Longest body that is copied to go out together with its header: both fit into a TLS record.
const TOGETHER: usize = 12 * 1024;
/// A pooled connection that had died before a request was written to it shows so within a round
/// trip. One that breaks later may do so while the provider works on the request.
const DEAD_ALREADY: Duration = Duration::from_secs(1);

/// A request on its way to a provider.
#[derive(Debug)]
pub struct Outgoing {
    /// Header. Built anew for each attempt; the credential comes last.
    pub header: RequestHeader,
    /// Body.
    pub body: Bytes,
}

/// A provider's answer, its header read and its body not.
pub struct Incoming {
    /// Boxed: each future that it passes through would keep room for it.
    session: Box<HttpSession>,
    peer: Arc<Peer>,
    complete: bool,
}

/// How an exchange broke off before the header of its answer.
struct Broken {
    error: BError,
    /// What it was on, if that is to be given back.
    session: Option<Box<HttpSession>>,
    /// How long after the last byte of the request; `None`: it was not sent whole.
    waited: Option<Duration>,
}

/// Why no answer came.
#[derive(Debug)]
pub struct NoAnswer {
    /// In a word, for metrics.
    pub reason: &'static str,
    /// In words of ours, for the log and the caller.
    pub message: String,
    /// Whether the provider may have worked on the request, and may bill it.
    pub billable: bool,
    /// Whether it took too long, rather than broke.
    pub timeout: bool,
}

/// What the exchange runs on.
pub struct Upstreams {
    connector: Connector,
}

impl Upstreams {
    /// With backends found by this resolver, and verified by these.
    pub fn new(resolver: Arc<Resolver>, trusts: Arc<Trusts>) -> Self {
        Self { connector: Connector::new(resolver, trusts) }
    }

    /// Forgets backends that are gone; `keep` is asked for the group key of each.
    pub fn retain(&self, keep: impl Fn(u64) -> bool) {
        self.connector.retain(keep);
    }

    /// Sends a request and waits for the header of its answer. `before_sending` is called once
    /// a connection is there and before the first byte of the request goes out.
    ///
    /// A request that the provider can't have worked on (see [`Fate`]) is sent again, once;
    /// that aside nothing is sent twice.
    pub async fn send(
        &self,
        backend: &Backend,
        request: &Outgoing,
        before_sending: &mut (dyn FnMut() + Send),
    ) -> Result<Incoming, NoAnswer> {
        let mut resent = false;
        loop {
            let connection = self.connector.connect(backend).await;
            let Connection { line, peer, reused } =
                connection.map_err(|why| unreached(&why, backend))?;
            before_sending();
            match exchange(line, backend, request).await {
                Ok(session) => return Ok(Incoming { session, peer, complete: false }),
                Err(Broken { error, session, waited }) => {
                    if let Some(session) = session {
                        self.leave(session, &peer).await;
                    }
                    if is_h2_downgrade(&error) {
                        peer.prefer_h1();
                    }
                    let fate = fate(&error, reused, waited);
                    if !resent && fate == Fate::Untouched {
                        resent = true;
                        continue;
                    }
                    let why = explain(&error, backend);
                    return Err(NoAnswer { billable: fate == Fate::Unknown, ..why });
                }
            }
        }
    }

    /// Gives a connection back to the pool if its answer was read to the end, else closes it.
    pub async fn release(&self, incoming: Incoming) {
        let Incoming { session, peer, complete } = incoming;
        if complete {
            // Boxed: it would hold the session twice.
            Box::pin(self.connector.release(*session, &peer)).await;
        } else {
            self.leave(session, &peer).await;
        }
    }

    /// Closes a connection (h1) or resets a stream (h2), and gives back the connection that the
    /// stream was on: else nobody would ever close it. The polite end of a TLS connection has to be
    /// written, which a provider that has stopped reading would hold up.
    async fn leave(&self, mut session: Box<HttpSession>, peer: &Peer) {
        let _ = tokio::time::timeout(FAREWELL, session.shutdown()).await;
        if matches!(*session, HttpSession::H2(_)) {
            Box::pin(self.connector.release(*session, peer)).await;
        }
    }
}

/// Sends a request and reads the header of its answer.
async fn exchange(
    line: Line,
    backend: &Backend,
    request: &Outgoing,
) -> Result<Box<HttpSession>, Broken> {
    let idle = backend.timeouts.idle;
    let written = match line {
        Line::H1(stream) if request.body.len() <= TOGETHER => {
            write_together(stream, request, idle).await.map_err(|error| (error, None))
        }
        Line::H1(stream) => {
            let session = HttpSession::H1(H1Session::new(stream));
            write_apart(Box::new(session), request, idle).await
        }
        Line::H2(session) => write_apart(session, request, idle).await,
    };
    let unsent = |(error, session)| Broken { error, session, waited: None };
    let mut session = written.map_err(unsent)?;
    let sent = Instant::now();
    // For the whole of it: a provider that drips would never be too late for the next byte.
    let read = tokio::time::timeout(backend.timeouts.first_byte, read_header(&mut session)).await;
    let read = match read {
        Ok(read) => read,
        Err(_) => Error::e_explain(ErrorType::ReadTimedout, "while reading a header"),
    };
    match read {
        Ok(()) => {
            session.set_read_timeout(Some(idle));
            Ok(session)
        }
        Err(error) => {
            let waited = Some(sent.elapsed());
            Err(Broken { error, session: Some(session), waited })
        }
    }
}

/// Writes a short HTTP/1 request in one go. Pingora would write its header and its body each by
/// itself: a TLS record, a packet and two system calls more.
async fn write_together(
    mut stream: Stream,
    request: &Outgoing,
    patience: Duration,
) -> Result<Box<HttpSession>, BError> {
    let mut wire = http_req_header_to_wire(&request.header)
        .or_err(ErrorType::InvalidHTTPHeader, "the request line can't be written")?;
    wire.extend_from_slice(&request.body);
    let written = async {
        stream.write_all(&wire).await?;
        stream.flush().await
    };
    match tokio::time::timeout(patience, written).await {
        Ok(written) => written.or_err(ErrorType::WriteError, "while writing a request")?,
        Err(_) => return Error::e_explain(ErrorType::WriteTimedout, "while writing a request"),
    }
    Ok(Box::new(HttpSession::H1(H1Session::new(stream))))
}

async fn write_apart(
    mut session: Box<HttpSession>,
    request: &Outgoing,
    patience: Duration,
) -> Result<Box<HttpSession>, (BError, Option<Box<HttpSession>>)> {
    session.set_write_timeout(Some(patience));
    let mut header = request.header.clone();
    if matches!(*session, HttpSession::H2(_)) {
        to_h2(&mut header);
    }
    let written = async {
        session.write_request_header(Box::new(header)).await?;
        session.write_request_body(request.body.clone(), true).await?;
        session.finish_request_body().await
    };
    match written.await {
        Ok(()) => Ok(session),
        Err(error) => Err((error, Some(session))),
    }
}

/// Reads the header of an answer, past a few that only inform.
async fn read_header(session: &mut HttpSession) -> Result<(), BError> {
    for informed in 0..INFORMING {
        if let Err(mut error) = session.read_response_header().await {
            if informed > 0 || has_begun(&error) {
                error.etype = ErrorType::InvalidHTTPHeader;
            }
            return Err(error);
        }
        let status = session.response_header().map(|header| header.status);
        let informs = status.is_some_and(|status| status.is_informational());
        if !informs || status == Some(StatusCode::SWITCHING_PROTOCOLS) {
            return Ok(());
        }
    }
    Error::e_explain(ErrorType::InvalidHTTPHeader, "it informs, and does not answer")
}

/// Whether part of an HTTP/1 header had come before this went wrong. Pingora tells it in words only.
fn has_begun(error: &BError) -> bool {
    let context = error.context.as_ref().map(|context| context.as_str()).unwrap_or_default();
    context.rsplit_once("bytes already read: ").is_some_and(|(_, count)| count != "0")
}

/// What became of a request that has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// The provider can't have worked on it: it says that it did not look at it (h2: GOAWAY,
    /// REFUSED_STREAM), or a pooled connection turned out to be dead. It may be sent again.
    Untouched,
    /// Nor here, but it would fare no better again: it was not sent whole on a connection that was
    /// there for it, or our client certificate was turned down.
    Useless,
    /// The provider may have worked on it, and may bill it.
    Unknown,
}

/// A stream that the provider resets may have been worked on, and so may a request whose connection
/// went later than at once.
fn fate(error: &BError, reused: bool, waited: Option<Duration>) -> Fate {
    let in_time = *error.etype() != ErrorType::WriteTimedout;
    let waited = match waited {
        _ if is_turned_away(error) => return Fate::Useless,
        None if reused && in_time => return Fate::Untouched,
        None => return Fate::Useless,
        Some(waited) => waited,
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
    if untouched { Fate::Untouched } else { Fate::Unknown }
}

/// Whether a connection was closed without TLS's farewell (close_notify), as many a load balancer
/// does. To Pingora that is an error of TLS like any other.
fn is_cut(error: &BError) -> bool {
    let cause = error.root_cause();
    let held = || cause.downcast_ref::<h2::Error>().and_then(h2::Error::get_io);
    let broken = cause.downcast_ref::<io::Error>().or_else(held);
    broken.is_some_and(|error| error.kind() == io::ErrorKind::UnexpectedEof)
}

/// An h2 request names its authority in the URI, and has no `Host`.
fn to_h2(header: &mut RequestHeader) {
    let Some(host) = header.headers.get(http::header::HOST).cloned() else { return };
    let path = header.uri.path_and_query().map_or("/", |path| path.as_str());
    let uri = http::Uri::builder().scheme("https").authority(host.as_bytes()).path_and_query(path);
    if let Ok(uri) = uri.build() {
        header.set_uri(uri);
        header.remove_header(&http::header::HOST);
    }
    header.set_version(http::Version::HTTP_2);
}

impl Incoming {
    /// The answer's header.
    pub fn header(&self) -> Option<&ResponseHeader> {
        self.session.response_header()
    }

    /// The next piece of the answer's body; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BError> {
        let piece = self.session.read_response_body().await?;
        if piece.is_none() {
            self.complete = true;
        }
        Ok(piece)
    }

    /// The rest of the body, at most `limit` bytes; `None` if it is longer.
    pub async fn rest(&mut self, limit: usize) -> Result<Option<Bytes>, BError> {
        self.rest_while(|length| length <= limit).await
    }

    /// The rest of the body, as long as there is room for so many bytes; `None` if there is not.
    pub async fn rest_while(
        &mut self,
        mut room: impl FnMut(usize) -> bool,
    ) -> Result<Option<Bytes>, BError> {
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if !room(first.len() + joined.len() + piece.len()) {
                return Ok(None);
            }
            if first.is_empty() && joined.is_empty() {
                first = piece;
            } else {
                joined.extend_from_slice(&std::mem::take(&mut first));
                joined.extend_from_slice(&piece);
            }
        }
        Ok(Some(if joined.is_empty() { first } else { joined.freeze() }))
    }

    /// The body of a failed answer, as far as it is short and comes soon: other backends wait.
    pub async fn short(&mut self) -> Bytes {
        let rest = tokio::time::timeout(SOON, self.rest(DRAIN)).await;
        rest.ok().and_then(|rest| rest.ok().flatten()).unwrap_or_default()
    }
}

fn is_h2_downgrade(error: &BError) -> bool {
    matches!(error.etype(), ErrorType::H2Downgrade | ErrorType::InvalidH2)
}

fn unreached(why: &Unreached, backend: &Backend) -> NoAnswer {
    NoAnswer {
        reason: why.reason(),
        message: format!("backend `{}` {why}", backend.name),
        billable: false,
        timeout: why.is_timeout(),
    }
}

/// Whether a provider does not take our client certificate. Under TLS 1.3 it says so when it is asked
/// for something already, and looks at no request.
fn is_turned_away(error: &BError) -> bool {
    trust::explain(error.root_cause()).is_some_and(|refusal| refusal.is_of_client())
}

fn explain(error: &BError, backend: &Backend) -> NoAnswer {
    let name = &backend.name;
    if let Some(refusal) = trust::explain(error.root_cause()) {
        let message = format!("backend `{name}` {}", refusal.message);
        return NoAnswer { reason: refusal.reason, message, billable: false, timeout: false };
    }
    let (reason, timeout, message) = match error.etype() {
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => {
            ("timeout", true, format!("backend `{name}` did not answer in time"))
        }
        _ => ("reset", false, format!("backend `{name}` broke the connection off")),
    };
    NoAnswer { reason, message, billable: false, timeout }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_at_once_on_a_pooled_connection_may_go_out_again() {
        let broken = |etype: ErrorType, retry: RetryType| {
            let mut error = Error::new(etype);
            error.retry = retry;
            move |reused, waited| fate(&error, reused, waited)
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
        assert_eq!(fate(&cut, true, soon), Fate::Untouched, "dead, and without a farewell");
        assert_eq!(fate(&cut, true, late), Fate::Unknown);
        assert_eq!(fate(&cut, false, soon), Fate::Unknown);
        let refused = broken(ErrorType::H2Error, true.into());
        assert_eq!(refused(false, late), Fate::Untouched, "the provider did not look at it");
        assert_eq!(broken(ErrorType::InvalidH2, true.into())(true, soon), Fate::Unknown);
        for reason in [ErrorType::WriteError, ErrorType::H2Error] {
            let unsent = broken(reason, false.into());
            assert_eq!(unsent(false, None), Fate::Useless, "nobody bills that");
            assert_eq!(unsent(true, None), Fate::Untouched);
        }
        let slow = broken(ErrorType::WriteTimedout, false.into());
        assert_eq!((slow(true, None), slow(false, None)), (Fate::Useless, Fate::Useless));
    }
}
