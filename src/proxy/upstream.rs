//! One exchange with a provider.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Stream;
use pingora::protocols::http::client::HttpSession;
use pingora::protocols::http::v1::client::http_req_header_to_wire;
use pingora::{BError, Error, ErrorType, OkOrErr, OrErr};
use tokio::io::AsyncWriteExt;

use super::fate::{self, Fate, Sent};
use crate::connect::{Connection, Connector, Lease, Line, Unreached};
use crate::resolve::Resolver;
use crate::snapshot::Backend;
use crate::trust::{self, Trusts};

/// Longest time for the body of a failed answer.
const SOON: Duration = Duration::from_secs(10);
/// Longest time for the header of an answer to a request that could not be sent whole: it has come
/// by then, or does not.
const EARLY: Duration = Duration::from_secs(1);
/// Most headers that only inform (1xx) before the answer's own.
const INFORMING: usize = 16;
/// Longest body that is copied to go out together with its header: both fit into a TLS record.
const TOGETHER: usize = 12 * 1024;

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
    lease: Lease,
    /// Whether the request was sent whole: a provider may answer sooner.
    sent: bool,
    /// Whether it has been read to its end.
    read: bool,
}

/// How an exchange broke off before the header of its answer.
struct Broken {
    error: BError,
    /// What it was on.
    lease: Lease,
    sent: Sent,
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

    /// Sends a request and waits for the header of its answer. `out` is told that it is out once a
    /// connection is there and before its first byte goes out, and that it is not after all when
    /// the provider can't have worked on it (see [`Fate`]). Then it is sent again on a new
    /// connection, if `out` says that it may; on a third one only if the first was there before.
    /// That aside nothing is sent twice.
    pub async fn send(
        &self,
        backend: &Backend,
        request: &Outgoing,
        out: &mut (dyn FnMut(bool) -> bool + Send),
    ) -> Result<Incoming, NoAnswer> {
        let (mut anew, mut resent) = (false, false);
        loop {
            let connection = self.connector.connect(backend, anew).await;
            let connection = connection.map_err(|why| unreached(&why, backend))?;
            let reused = connection.reused;
            out(true);
            let Broken { error, lease, sent } =
                match self.exchange(connection, backend, request).await {
                    Ok(incoming) => return Ok(incoming),
                    Err(broken) => broken,
                };
            if is_h2_downgrade(&error) {
                lease.peer().prefer_h1();
            }
            let fate = Fate::of(&error, reused, sent);
            let billable = fate == Fate::Unknown;
            let again = out(billable);
            lease.leave().await;
            if resent || fate != Fate::Untouched || !again {
                return Err(NoAnswer { billable, ..explain(&error, backend) });
            }
            // Others in the pool may be over, too, so the next connection is a new one; of these a
            // request has two at most.
            (anew, resent) = (true, !reused);
        }
    }

    /// Sends a request and reads the header of its answer, also where the request can't be sent
    /// whole: a provider may refuse it before it has read all of it, and close.
    async fn exchange(
        &self,
        connection: Connection,
        backend: &Backend,
        request: &Outgoing,
    ) -> Result<Incoming, Broken> {
        let (reused, idle) = (connection.reused, backend.timeouts.idle);
        let (mut lease, written) = self.write(connection, request, idle).await;
        let unsent = match written {
            Ok(()) => None,
            Err(error) if is_asked(&lease, &error) => Some(error),
            Err(error) => return Err(Broken { error, lease, sent: Sent::Nothing }),
        };
        let patience = if unsent.is_some() { EARLY } else { backend.timeouts.first_byte };
        let since = Instant::now();
        // For the whole of it: a provider that drips would never be too late for the next byte.
        let read = tokio::time::timeout(patience, read_header(&mut lease)).await;
        let read = read.unwrap_or_else(|_| {
            Error::e_explain(ErrorType::ReadTimedout, "while reading a header")
        });
        match (read, unsent) {
            (Ok(()), Some(error)) if reused && has_timed_out(&lease) => {
                Err(Broken { error, lease, sent: Sent::Part })
            }
            (Ok(()), unsent) => {
                lease.set_read_timeout(Some(idle));
                Ok(Incoming { lease, sent: unsent.is_none(), read: false })
            }
            (Err(error), None) => Err(Broken { error, lease, sent: Sent::Whole(since.elapsed()) }),
            // What is read behind a failed write says more: the provider refuses the request.
            (Err(error), Some(_)) if fate::is_refused(&error) => {
                Err(Broken { error, lease, sent: Sent::Part })
            }
            (Err(_), Some(error)) => Err(Broken { error, lease, sent: Sent::Part }),
        }
    }

    /// Writes a request, as far as it is taken.
    async fn write(
        &self,
        connection: Connection,
        request: &Outgoing,
        patience: Duration,
    ) -> (Lease, Result<(), BError>) {
        let Connection { line, peer, .. } = connection;
        let mut lease = match line {
            Line::H1(mut stream) if request.body.len() <= TOGETHER => {
                let written = write_together(&mut stream, request, patience).await;
                return (self.connector.lease(stream, peer), written);
            }
            Line::H1(stream) => self.connector.lease(stream, peer),
            Line::H2(lease) => lease,
        };
        let written = write_apart(&mut lease, request, patience).await;
        (lease, written)
    }
}

/// Writes a short HTTP/1 request in one go. Pingora would write its header and its body each by
/// itself: a TLS record, a packet and two system calls more.
async fn write_together(
    stream: &mut Stream,
    request: &Outgoing,
    patience: Duration,
) -> Result<(), BError> {
    let mut wire = http_req_header_to_wire(&request.header)
        .or_err(ErrorType::InvalidHTTPHeader, "the request line can't be written")?;
    wire.extend_from_slice(&request.body);
    let written = async {
        stream.write_all(&wire).await?;
        stream.flush().await
    };
    match tokio::time::timeout(patience, written).await {
        Ok(written) => written.or_err(ErrorType::WriteError, "while writing a request"),
        Err(_) => Error::e_explain(ErrorType::WriteTimedout, "while writing a request"),
    }
}

async fn write_apart(
    session: &mut HttpSession,
    request: &Outgoing,
    patience: Duration,
) -> Result<(), BError> {
    session.set_write_timeout(Some(patience));
    let mut header = request.header.clone();
    if matches!(*session, HttpSession::H2(_)) {
        to_h2(&mut header);
    }
    session.write_request_header(Box::new(header)).await?;
    session.write_request_body(request.body.clone(), true).await?;
    session.finish_request_body().await
}

/// Whether there can be an answer to a request that could not be written whole.
fn is_asked(session: &HttpSession, error: &BError) -> bool {
    match session {
        // Where no header went out, Pingora does not expect to be asked for an answer.
        HttpSession::H2(h2) => h2.request_header().is_some(),
        HttpSession::H1(_) => *error.etype() != ErrorType::InvalidHTTPHeader,
        HttpSession::Custom(()) => false,
    }
}

/// Whether what came is no answer to the request, but the end of a pooled connection on which none
/// had come for too long (408, RFC 9110 §15.5.9).
fn has_timed_out(session: &HttpSession) -> bool {
    let status = session.response_header().map(|header| header.status);
    status == Some(StatusCode::REQUEST_TIMEOUT)
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
        self.lease.response_header()
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        self.header().map_or(StatusCode::BAD_GATEWAY, |header| header.status)
    }

    /// The next piece of the answer's body; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, BError> {
        let piece = self.lease.read_response_body().await?;
        self.read = piece.is_none();
        Ok(piece)
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

    /// Gives its connection back if nothing is left on that of request and answer, else closes it.
    pub async fn release(self) {
        let Self { lease, sent, read } = self;
        if sent && read {
            // Boxed: it would hold the session twice.
            Box::pin(lease.give_back()).await;
        } else {
            lease.leave().await;
        }
    }

    /// The body of a failed answer, if it is no longer than this and comes soon: other backends
    /// wait.
    pub async fn short(&mut self, longest: usize) -> Bytes {
        let rest = self.rest_while(|length| length <= longest);
        let rest = tokio::time::timeout(SOON, rest).await;
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
