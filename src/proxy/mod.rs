//! The only place that knows Pingora: one [`ProxyHttp`], read from top to bottom.
//!
//! Downstream is Pingora's; the exchange with providers is a loop of our own on its connector,
//! called from `request_filter`, because its proxy loop replays at most 64 KiB of a body and
//! response filters can't wait. See ARCHITECTURE.md.

mod answer;
mod course;
mod ctx;
mod drain;
mod egress;
mod encoding;
mod exchange;
mod failure;
mod ingress;
mod intake;
mod listener;
mod opaque;
mod peer;
mod prepare;
mod reply;
mod send;
mod upstream;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use pingora::http::RequestHeader;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{BError, Error, ErrorType};
use providers::Schema;
use providers::conversation::{ApiError, ErrorClass, Loss};
use providers::seal::Key;
use providers::surface::{self, Endpoint};

pub use ctx::RequestCtx;
pub use drain::Drain;
pub use listener::Listener;

use exchange::Asked;
use failure::{Failure, Refused};
use upstream::Upstreams;

use crate::admission::{self, Denial, Rates, Rules, Who};
use crate::budget::estimate::Estimator;
use crate::budget::{Ledger, Money};
use crate::config::Live;
use crate::resolve::Resolver;
use crate::route::Health;
use crate::snapshot::Snapshot;
use crate::telemetry::{AccessLog, Metrics, access_log};

/// The gateway: what every request shares.
pub struct Gateway {
    /// The configuration in force.
    pub live: Arc<Live>,
    /// Where money is counted.
    pub ledger: Arc<Ledger>,
    /// What calls are expected to take, learned from those that were.
    pub estimator: Arc<Estimator>,
    /// What the outside sees.
    pub metrics: Arc<Metrics>,
    /// Whether every listener takes connections.
    pub listening: AtomicBool,
    /// Going down.
    pub drain: Arc<Drain>,
    access_log: Option<AccessLog>,
    upstreams: Upstreams,
    health: Health,
    rates: Rates,
    memory: intake::Memory,
    ids: Ids,
    /// Proves the reasoning that callers of other schemas keep for a provider, where the
    /// configuration has no key for that.
    seal: Key,
}

/// Ids of requests: unlike any other gateway's, and counted.
struct Ids {
    prefix: u64,
    next: AtomicU64,
}

impl Ids {
    fn new() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self { prefix: RandomState::new().hash_one(std::process::id()), next: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        format!("{:016x}{count:08x}", self.prefix)
    }
}

impl Gateway {
    /// A gateway that goes by `live`. Without an access log nothing is written of requests.
    pub fn new(
        live: Arc<Live>,
        ledger: Arc<Ledger>,
        metrics: Arc<Metrics>,
        resolver: Arc<Resolver>,
        access_log: Option<AccessLog>,
        seal: Key,
    ) -> Self {
        let memory = intake::Memory::new(live.pin().limits.in_flight_bytes);
        Self {
            live,
            ledger,
            estimator: Arc::default(),
            metrics,
            listening: AtomicBool::new(false),
            drain: Arc::default(),
            access_log,
            upstreams: Upstreams::new(resolver),
            health: Health::default(),
            rates: Rates::default(),
            memory,
            ids: Ids::new(),
            seal,
        }
    }

    /// What admission goes by under this configuration.
    fn rules<'a>(&'a self, snapshot: &'a Snapshot) -> Rules<'a> {
        let Self { health, rates, ledger, estimator, .. } = self;
        Rules { snapshot, health, rates, ledger, estimator }
    }

    /// Forgets what belonged to backends that are gone. Called after a reload.
    pub fn forget_old(&self) {
        let snapshot = self.live.pin();
        self.health.retain(|name| snapshot.backends.iter().any(|backend| backend.name == name));
        self.rates.retain(|name| snapshot.rates.iter().any(|rate| rate.name == name));
        self.upstreams.peers.retain(|key| snapshot.backends.iter().any(|b| b.group_key == key));
    }

    /// The straight line of one request.
    async fn serve(&self, session: &mut Session, ctx: &mut RequestCtx) -> Result<(), Failure> {
        let header = session.req_header();
        let hints = ingress::hints(header);
        let (path, query) = (header.uri.path().to_owned(), header.uri.query().map(str::to_owned));
        ctx.surface = surface::schema_of(&path, hints);
        // On h2 there is none, and Pingora would make one up.
        let raw = if session.is_http2() { Bytes::new() } else { session.to_h1_raw() };
        let unread = opaque::find(&ctx.snapshot, &path, hints);
        let methods = if unread.is_some() { &opaque::METHODS } else { ingress::METHODS };
        ingress::check(header, &raw, methods)?;

        let endpoint = surface::endpoint(header.method.as_str(), &path, query.as_deref(), hints);
        let callers = &ctx.snapshot.callers;
        let who = admission::authenticate(callers, &header.headers, query.as_deref())?;
        ctx.who = Some(who.clone());

        match endpoint {
            Some(Endpoint::Ask { schema, operation, model }) => {
                ctx.surface = schema;
                let asked = Asked {
                    operation,
                    model: model.map(|model| model.into_owned()),
                    version: path.split('/').nth(1).map(str::to_owned),
                };
                let snapshot = ctx.snapshot.clone();
                let body = intake::read(session, &snapshot.limits, &self.memory).await?;
                course::run(self, session, ctx, &who, &asked, &body).await
            }
            Some(Endpoint::Models { schema }) => self.models(session, ctx, &who, schema).await,
            Some(Endpoint::Model { schema, id }) => {
                self.model(session, ctx, &who, schema, &id).await
            }
            None if let Some(route) = unread => {
                let snapshot = ctx.snapshot.clone();
                let body = intake::read(session, &snapshot.limits, &self.memory).await?;
                opaque::run(self, session, ctx, &who, &route, &body).await
            }
            None => {
                let message = format!("there is nothing at {} {path}", header.method);
                Err(Failure::denied("no_path", ApiError::new(ErrorClass::NotFound, message)))
            }
        }
    }

    /// The models that this caller may ask for, as its schema lists them.
    async fn models(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        who: &Who,
        schema: Schema,
    ) -> Result<(), Failure> {
        ctx.surface = schema;
        let names = ctx.snapshot.models(|requested, served| who.may_use(requested, served));
        let listed: Vec<(&str, u64)> = names.into_iter().map(|name| (name, 0)).collect();
        reply::json(session, ctx, surface::render_models(schema, &listed)).await
    }

    async fn model(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        who: &Who,
        schema: Schema,
        id: &str,
    ) -> Result<(), Failure> {
        ctx.surface = schema;
        let served = crate::route::find(&ctx.snapshot.routes, id).is_some_and(|route| {
            route.targets.iter().any(|t| who.may_use(id, t.model.as_deref().unwrap_or(id)))
        });
        if !served {
            let error = ApiError::new(ErrorClass::NotFound, "no such model is served here");
            return Err(Failure::denied("no_route", error));
        }
        reply::json(session, ctx, surface::render_model(schema, id, 0)).await
    }

    /// A number that is evenly spread over all calls, for weighted targets.
    fn draw(&self) -> u64 {
        // Fibonacci hashing spreads a counter over the whole range.
        self.ids.next.load(Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
    }

    fn failed_over(&self, ctx: &RequestCtx, failure: &Failure) {
        if let Failure::Refused(refused) = failure {
            self.metrics.failed_over(ctx.place(), refused.reason);
        }
    }

    fn dropped(&self, ctx: &RequestCtx, target: Schema, loss: &Loss) {
        // Names of the caller's own making would be labels without bound (S-52).
        let field = match &loss.field {
            std::borrow::Cow::Borrowed(known) => known,
            std::borrow::Cow::Owned(_) => "other",
        };
        self.metrics.dropped(ctx.place(), ctx.surface.as_str(), target.as_str(), field);
    }

    async fn refuse(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        refused: &Refused,
    ) -> Result<(), Failure> {
        ctx.reason = Some(refused.reason);
        ctx.error = refused.denied.then(|| refused.error.message.clone());
        if refused.denied {
            self.metrics.denied(ctx.place(), ctx.caller(), refused.reason);
        }
        reply::error(session, ctx, refused).await
    }
}

impl From<Denial> for Failure {
    fn from(denial: Denial) -> Self {
        Self::denied(denial.reason, denial.error)
    }
}

/// The gateway as Pingora's service owns it.
pub struct Proxy(pub Arc<Gateway>);

#[async_trait]
impl ProxyHttp for Proxy {
    type CTX = RequestCtx;

    fn new_ctx(&self) -> RequestCtx {
        RequestCtx::new(self.0.live.pin(), self.0.ids.next())
    }

    async fn early_request_filter(
        &self,
        session: &mut Session,
        _ctx: &mut RequestCtx,
    ) -> Result<(), BError> {
        listener::header_read();
        self.0.metrics.in_flight.inc();
        if self.0.drain.is_draining() {
            session.set_keepalive(None);
        }
        Ok(())
    }

    /// Every request is answered here; nothing goes on to Pingora's own proxy loop.
    async fn request_filter(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
    ) -> Result<bool, BError> {
        // A panic must not leave the caller without an answer. What was reserved settles itself.
        let served = AssertUnwindSafe(self.0.serve(session, ctx)).catch_unwind().await;
        let served = match served {
            Ok(served) => served,
            Err(_) if answered(session).is_some() => Err(Failure::Broken("panic")),
            Err(_) => {
                let error = ApiError::new(ErrorClass::Server, "the gateway failed; try again");
                Err(Failure::upstream("panic", error))
            }
        };
        let ended = match served {
            Err(Failure::Refused(refused)) => self.0.refuse(session, ctx, &refused).await,
            ended => ended,
        };
        let reason = match ended {
            // Refusing can't be refused.
            Ok(()) | Err(Failure::Refused(_)) => return Ok(true),
            Err(Failure::Ended(reason)) => {
                ctx.reason = Some(reason);
                return Ok(true);
            }
            Err(Failure::Broken(reason)) => reason,
            Err(Failure::CallerGone) => "caller_gone",
        };
        // Pingora closes the connection on an error. Without one it would end the answer in good
        // order, and what is half an answer would look like a whole one.
        ctx.reason.get_or_insert(reason);
        Err(Error::explain(ErrorType::ConnectionClosed, reason).into_down())
    }

    async fn upstream_peer(
        &self,
        _session: &mut Session,
        _ctx: &mut RequestCtx,
    ) -> Result<Box<HttpPeer>, BError> {
        Error::e_explain(ErrorType::InternalError, "nothing is proxied without an exchange")
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut RequestCtx,
    ) -> FailToProxy {
        // Only callers that are gone, and requests that Pingora itself refuses, end here.
        if *error.etype() != ErrorType::ConnectionClosed && answered(session).is_none() {
            let error = ApiError::new(ErrorClass::BadRequest, "the request could not be read");
            let refused = Refused { error, reason: "bad_request", denied: true };
            // Where nobody reads it, there is nobody to be told.
            let _ = self.0.refuse(session, ctx, &refused).await;
        }
        FailToProxy { error_code: 0, can_reuse_downstream: false }
    }

    fn suppress_error_log(&self, _: &Session, _: &RequestCtx, _: &Error) -> bool {
        true // the access log says it
    }

    async fn logging(&self, session: &mut Session, _: Option<&Error>, ctx: &mut RequestCtx) {
        listener::header_wanted();
        // 499: the caller went away before an answer began (nginx's word for it).
        let status = answered(session).unwrap_or(499);
        let took = ctx.started.elapsed();
        let (place, caller) = (ctx.place(), ctx.caller());
        self.0.metrics.answered(place, caller, ctx.surface.as_str(), status, took);
        let model = ctx.metric_model();
        match &ctx.usage {
            Some(usage) => self.0.metrics.used(place, caller, model, usage, ctx.cost),
            None => self.0.metrics.spent(place, caller, model, ctx.cost),
        }
        if let Some(log) = &self.0.access_log {
            let header = session.req_header();
            log.add(&line(ctx, header, status, took));
        }
        // Last: when nothing is in flight, all of it is counted and logged, and the process may end.
        self.0.metrics.in_flight.dec();
    }
}

/// The status that was sent, if an answer has begun; `100 Continue` is none.
fn answered(session: &Session) -> Option<u16> {
    let head = session.response_written().filter(|head| !head.status.is_informational())?;
    Some(head.status.as_u16())
}

/// What the access log says of a request.
fn line<'a>(
    ctx: &'a RequestCtx,
    header: &'a RequestHeader,
    status: u16,
    took: Duration,
) -> access_log::Line<'a> {
    let ms = |duration: Duration| (duration.as_secs_f64() * 1e6).round() / 1e3;
    let who = ctx.who.as_ref().map(Who::subject);
    let known = |name: &'a str| (!name.is_empty()).then_some(name);
    let priced = ctx.cost > 0 || ctx.usage.is_some();
    access_log::Line {
        time: ctx.time,
        id: &ctx.id,
        method: header.method.as_str(),
        path: header.uri.path(),
        status,
        surface: ctx.surface.as_str(),
        caller: ctx.who.as_ref().map(Who::name),
        namespace: who.and_then(|who| known(who.namespace)),
        service_account: who.and_then(|who| known(who.service_account)),
        route: ctx.route.as_ref().map(|route| route.name.as_str()),
        backend: ctx.backend.as_ref().map(|backend| backend.name.as_str()),
        model: ctx.model.as_deref(),
        served_model: ctx.served_model.as_deref(),
        stream: ctx.stream,
        attempts: ctx.attempts,
        duration_ms: ms(took),
        first_byte_ms: ctx.first_byte.map(ms),
        input_tokens: ctx.usage.map(|usage| usage.total_input()),
        output_tokens: ctx.usage.map(|usage| usage.total_output()),
        cost: priced.then(|| Money::from_nanos(ctx.cost)),
        estimated: ctx.estimated,
        output_cap: ctx.output_cap,
        downgraded: ctx.downgraded.as_deref(),
        dropped: &ctx.dropped,
        reason: ctx.reason,
        error: ctx.error.as_deref(),
    }
}
