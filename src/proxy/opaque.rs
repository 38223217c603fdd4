//! Paths of a backend's own API that Egret does not read: body and answer go through as they are.
//!
//! Access, rates and budgets of requests hold all the same; where money or tokens are counted
//! nobody can say what such a call costs, and the operator must have allowed that.

use std::pin::pin;
use std::sync::Arc;

use http::{HeaderName, Method, StatusCode, Version, header};
use pingora::http::ResponseHeader;
use pingora::proxy::Session;
use providers::Schema;
use providers::catalog::ApiVersion;
use providers::conversation::{ApiError, ErrorClass, Usage};
use providers::surface::{self, HeaderHints};
use providers::vendor::Offer;

use super::answer::own_headers;
use super::ctx::RequestCtx;
use super::delivery::{Delivered, Delivery};
use super::egress::{self, Passed};
use super::failure::Failure;
use super::intake::Body;
use super::patience::Patience;
use super::rejection::{Fault, Rejection};
use super::upstream::{Incoming, Outgoing};
use super::{Gateway, encoding, send};
use crate::admission::{self, Call, History, PathCall, Who};
use crate::route;
use crate::snapshot::{Backend, Route, Snapshot};

/// The methods that such a path may be asked with.
pub const METHODS: [Method; 5] =
    [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];

/// What of an answer's headers goes back, besides what the vendor's row says.
const RETURNED: [HeaderName; 4] = [
    header::CONTENT_TYPE,
    header::CONTENT_ENCODING,
    header::CONTENT_DISPOSITION,
    header::RETRY_AFTER,
];

/// The route of a path that is passed on unread. Never of one that Egret itself serves, whatever
/// the method: what is priced and translated there must not be had here for nothing.
pub fn find(snapshot: &Snapshot, path: &str, hints: HeaderHints) -> Option<Arc<Route>> {
    let route = route::find_path(&snapshot.routes, path)?;
    let served = |method| surface::endpoint(method, path, None, hints).is_some();
    (!served("GET") && !served("POST")).then(|| route.clone())
}

/// Passes a request on, and its answer back.
pub async fn run(
    gateway: &Gateway,
    session: &mut Session,
    ctx: &mut RequestCtx,
    who: &Who,
    route: &Arc<Route>,
    body: &Body,
) -> Result<(), Failure> {
    let snapshot = ctx.snapshot.clone();
    ctx.route = Some(route.clone());
    let path = session.req_header().uri.path().to_owned();
    let (rules, mut history) = (gateway.rules(&snapshot), History::default());
    let attempt = admission::admit_path(rules, who, PathCall { route, path: &path })?;
    let backend = attempt.backend().clone();
    let (schema, offer, target) = target(&backend, &path)?;
    ctx.surface = schema;
    let mut outgoing = outgoing(session, &backend, offer, target, body)?;
    ctx.hops.tell(&mut outgoing.header, &backend)?;
    let call = Call::unread(&path);
    let reserved = attempt.reserve(rules, who, call, &mut history).await;
    ctx.room = history.room();
    let admitted = reserved?;
    (ctx.attempts, ctx.backend, ctx.spoken) = (1, Some(backend.clone()), Some(schema));

    let delivery = Delivery { gateway, backend: &backend, schema, beyond: None };
    match delivery.run(session, ctx, outgoing, admitted).await? {
        Delivered::Answered(mut incoming, admitted) => {
            // It counts as a request; what else it cost nobody knows.
            admitted.settle(&Usage::default());
            ctx.balances = attempt.balances(&gateway.ledger, &snapshot, who);
            let patience = Patience::of(gateway, ctx);
            let relayed = relay(session, ctx, &mut incoming, offer, patience).await;
            incoming.release().await;
            relayed
        }
        Delivered::Rejected(rejection) => refused(session, ctx, &backend, offer, &rejection).await,
        Delivered::Lost(no_answer) => Err(no_answer.into()),
        Delivered::Unsent(failure) => Err(failure),
    }
}

/// Where a path is at its backend: the schema whose API it is of, and what stands behind the
/// origin.
fn target<'a>(
    backend: &'a Backend,
    path: &'a str,
) -> Result<(Schema, &'a Offer, &'a str), Failure> {
    let offered = backend.vendor.offer(backend.schema);
    let found = offered.and_then(|offer| Some((backend.schema, offer, offer.opaque(path)?)));
    found.ok_or_else(|| {
        let message = format!("backend `{}` has nothing at {path}", backend.name);
        Failure::denied("no_path", ApiError::new(ErrorClass::NotFound, message))
    })
}

fn outgoing(
    session: &Session,
    backend: &Backend,
    offer: &Offer,
    path: &str,
    body: &Body,
) -> Result<Outgoing, Failure> {
    let caller = session.req_header();
    // A signature is made over it; of several nobody could say which one counts.
    let mut kinds = caller.headers.get_all(header::CONTENT_TYPE).iter();
    if kinds.next().is_some_and(|kind| kind.to_str().is_err()) || kinds.next().is_some() {
        let message = "`content-type` has to be there once at most, and in ASCII";
        return Err(Failure::denied("bad_request", ApiError::new(ErrorClass::BadRequest, message)));
    }
    let query = surface::without_keys(caller.uri.query().unwrap_or_default());
    let target = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
    // Nobody has said what model it is for: the older version takes all that the newer does.
    let version = ApiVersion::V2023;
    let passed = Passed { offer, method: &caller.method, path: &target, version };
    let header = egress::unread_header(backend, passed, body.bytes.len(), caller)?;
    Ok(Outgoing { header, body: body.bytes.clone() })
}

/// The answer, as it comes.
async fn relay(
    session: &mut Session,
    ctx: &mut RequestCtx,
    incoming: &mut Incoming,
    offer: &Offer,
    patience: Patience<'_>,
) -> Result<(), Failure> {
    // S-37. It was asked for as it is (`accept-encoding: identity`); what is compressed all the same
    // can't be searched for the credential.
    if ctx.shown.is_guarded() && !encoding::is_identity(incoming.header()) {
        let message = "the answer came in an encoding that was not asked for, so it is kept here";
        let error = ApiError::new(ErrorClass::Server, message);
        return Err(Failure::upstream("unreadable", error));
    }
    let status = incoming.status();
    let mut header = head(ctx, status, incoming.header(), offer)?;
    let length = incoming.header().and_then(|head| head.headers.get(header::CONTENT_LENGTH));
    let bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT);
    let framed = match length {
        Some(length) => header.insert_header(header::CONTENT_LENGTH, length.clone()),
        // HTTP/1.0 knows no chunks: there the end of the connection is the end of the answer.
        None if !bodiless && session.req_header().version == Version::HTTP_11 => {
            header.insert_header(header::TRANSFER_ENCODING, "chunked")
        }
        None => Ok(()),
    };
    framed.map_err(Failure::unbuildable)?;
    ctx.first_byte = Some(ctx.started.elapsed());
    send::head(session, header).await?;
    // S-37. What takes a secret's place is as long as it is, so the length stays true.
    let mut scrubber = ctx.shown.scrubber();
    loop {
        match patience.wait(session, pin!(incoming.next())).await {
            Ok(Ok(Some(piece))) => send::body(session, scrubber.push(piece), false).await?,
            Ok(Ok(None)) => return send::body(session, scrubber.end(), true).await,
            // What it is nobody knows, so nothing can be said in it.
            Ok(Err(_)) => return Err(Failure::Broken("stream_broken")),
            Err(interrupted) => {
                let told = interrupted.told();
                return Err(told.map_or(Failure::CallerGone, |(why, _)| Failure::Broken(why)));
            }
        }
    }
}

/// An error, as it is but for the credential, where a provider quotes that (S-37).
async fn refused(
    session: &mut Session,
    ctx: &mut RequestCtx,
    backend: &Backend,
    offer: &Offer,
    rejection: &Rejection,
) -> Result<(), Failure> {
    let status = rejection.status;
    let failed = |what: &str| {
        let message = format!("backend `{}` {what}", backend.name);
        let error = ApiError::new(ErrorClass::Server, message);
        Err(Failure::upstream("provider_credential", error))
    };
    if status.is_redirection() {
        return failed("sent a redirect, which is not followed; tell your platform team");
    }
    if matches!(rejection.fault(), Fault::Ours) {
        log::error!("backend {} refused the gateway's credential ({status})", backend.name);
        return failed("did not accept the gateway's credential; tell your platform team");
    }
    let body = ctx.shown.scrub(&String::from_utf8_lossy(&rejection.body));
    let mut header = head(ctx, status, rejection.head.as_ref(), offer)?;
    header.remove_header(&header::CONTENT_ENCODING);
    header
        .insert_header(header::CONTENT_LENGTH, body.len().to_string())
        .map_err(Failure::unbuildable)?;
    ctx.reason = Some("provider_refused");
    send::head(session, header).await?;
    send::body(session, body.into(), true).await
}

/// The head of an answer: from an allow-list, and what Egret adds.
fn head(
    ctx: &RequestCtx,
    status: StatusCode,
    provider: Option<&ResponseHeader>,
    offer: &Offer,
) -> Result<ResponseHeader, Failure> {
    let mut header =
        ResponseHeader::build_no_case(status, Some(8)).map_err(Failure::unbuildable)?;
    let returned = RETURNED.iter().map(HeaderName::as_str).chain(offer.returns());
    for name in returned {
        let value = provider.and_then(|provider| provider.headers.get(name));
        // S-09: what quotes the credential stays here.
        if let Some(value) = value.filter(|value| !ctx.shown.is_quoted_in(value.as_bytes())) {
            header.insert_header(name.to_owned(), value.clone()).map_err(Failure::unbuildable)?;
        }
    }
    own_headers(&mut header, ctx).map_err(Failure::unbuildable)?;
    Ok(header)
}
