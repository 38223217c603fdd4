//! The only place that knows Pingora: one [`ProxyHttp`], read from top to bottom.
//!
//! Downstream is Pingora's; the exchange with providers is a loop of our own on its connector,
//! called from `request_filter`, because its proxy loop replays at most 64 KiB of a body and
//! response filters can't wait. See ARCHITECTURE.md.

mod answer;
mod connections;
mod course;
mod credential;
mod ctx;
mod delivery;
mod drain;
mod egress;
mod encoding;
mod exchange;
mod failure;
mod fate;
mod hops;
mod ids;
mod ingress;
mod intake;
mod listener;
mod models;
mod opaque;
mod overflow;
mod patience;
mod prepare;
mod record;
mod rejection;
mod reply;
mod secure;
mod send;
mod upstream;

use std::panic::AssertUnwindSafe;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt;
use pingora::proxy::{FailToProxy, ProxyHttp, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{BError, Error, ErrorType};
use providers::conversation::{ApiError, ErrorClass};
use providers::seal::Key;
use providers::surface::{self, Endpoint};
use tokio::runtime::Handle;

pub use connections::Connections;
pub use ctx::RequestCtx;
pub use drain::Drain;
pub use listener::Listener;

use exchange::Asked;
use failure::{Failure, Refused};
use hops::Hops;
use ids::Ids;
use upstream::Upstreams;

use crate::admission::{self, Authenticated, Denial, Rates, Rules, Shown, Who};
use crate::budget::Ledger;
use crate::budget::estimate::Estimator;
use crate::config::Live;
use crate::resolve::Resolver;
use crate::route::Health;
use crate::snapshot::Snapshot;
use crate::telemetry::{AccessLog, Metrics};
use crate::trust::Trusts;

/// The gateway: what every request shares.
pub struct Gateway {
    /// The configuration in force.
    pub live: Arc<Live>,
    /// Where money is counted.
    pub ledger: Arc<Ledger>,
    /// What calls are expected to take, learned from those that were.
    pub estimator: Arc<Estimator>,
    /// Names to addresses.
    pub resolver: Arc<Resolver>,
    /// What the outside sees.
    pub metrics: Arc<Metrics>,
    /// Going down.
    pub drain: Arc<Drain>,
    /// Callers' connections.
    pub connections: Arc<Connections>,
    /// The runtime that serves callers: Pingora makes it, and the first connection tells of it.
    runtime: OnceLock<Handle>,
    /// How backends are verified.
    pub trusts: Arc<Trusts>,
    access_log: Option<AccessLog>,
    upstreams: Upstreams,
    health: Health,
    rates: Rates,
    memory: intake::Memory,
    ids: Ids,
    /// What this process is known by to gateways that it sends requests to.
    tag: String,
    /// Proves the reasoning that callers of other schemas keep for a provider, where the
    /// configuration has no key for that.
    seal: Key,
}

impl Gateway {
    /// A gateway that goes by `live`. Without an access log nothing is written of requests.
    pub fn new(
        live: Arc<Live>,
        ledger: Arc<Ledger>,
        metrics: Arc<Metrics>,
        resolver: Arc<Resolver>,
        trusts: Arc<Trusts>,
        access_log: Option<AccessLog>,
        seal: Key,
    ) -> Self {
        let snapshot = live.pin();
        let memory = intake::Memory::new(snapshot.limits.in_flight_bytes);
        trusts.keep(snapshot.tls_policies());
        Self {
            live,
            ledger,
            estimator: Arc::default(),
            metrics,
            resolver: resolver.clone(),
            drain: Arc::default(),
            upstreams: Upstreams::new(resolver, trusts.clone()),
            connections: Arc::default(),
            runtime: OnceLock::new(),
            trusts,
            access_log,
            health: Health::default(),
            rates: Rates::default(),
            memory,
            ids: Ids::new(),
            tag: hops::tag(),
            seal,
        }
    }

    /// What is under way where callers are served: their connections, those to providers, and what
    /// outlives them.
    pub fn tasks(&self) -> usize {
        self.runtime.get().map_or(0, |runtime| runtime.metrics().num_alive_tasks())
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
        self.trusts.keep(snapshot.tls_policies());
        self.upstreams.retain(|key| snapshot.backends.iter().any(|b| b.group_key == key));
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
        ingress::check(header, &raw, &ctx.snapshot.limits)?;
        let methods = unread.is_some().then_some(&opaque::METHODS[..]);
        ingress::check_method(header, hints, methods)?;

        let endpoint = surface::endpoint(header.method.as_str(), &path, query.as_deref(), hints);
        ctx.hops = Hops::of(&header.headers, &self.tag, ctx.snapshot.limits.hops)?;
        let who = self.authenticate(session, query.as_deref(), &ctx.snapshot).await?;
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
            Some(Endpoint::Models { schema }) => models::list(session, ctx, &who, schema).await,
            Some(Endpoint::Model { schema, id }) => {
                models::show(session, ctx, &who, schema, &id).await
            }
            None if let Some(route) = unread => {
                let snapshot = ctx.snapshot.clone();
                let body = intake::read(session, &snapshot.limits, &self.memory).await?;
                opaque::run(self, session, ctx, &who, &route, &body).await
            }
            None => {
                let message = format!(
                    "there is nothing at {} {path}; a base URL ends in /v1 for OpenAI's SDKs, and \
                     has no path for others",
                    header.method
                );
                let mut error = ApiError::new(ErrorClass::NotFound, message);
                error.code = Some("no_path".to_owned());
                Err(Failure::denied("no_path", error))
            }
        }
    }

    /// Who sends this request.
    async fn authenticate(
        &self,
        session: &Session,
        query: Option<&str>,
        snapshot: &Snapshot,
    ) -> Result<Who, Denial> {
        let headers = &session.req_header().headers;
        let shown = Shown { headers, query, peer: secure::peer(session) };
        let Authenticated { method, who } = admission::authenticate(snapshot, shown).await;
        let result = who.as_ref().map_or_else(|denial| denial.reason, |_| "ok");
        self.metrics.authenticated(&snapshot.gateway, method, result);
        who
    }

    async fn refuse(
        &self,
        session: &mut Session,
        ctx: &mut RequestCtx,
        refused: &Refused,
    ) -> Result<(), Failure> {
        ctx.reason = Some(refused.reason);
        ctx.error = refused.own.then(|| refused.error.message.clone());
        if refused.denied {
            self.metrics.denied(ctx.place(), ctx.caller(), refused.reason);
        }
        reply::error(session, ctx, refused).await
    }
}

/// Why a request failed whose serving panicked.
const PANIC: &str = "panic";

/// A panic must not leave the caller without an answer, nor take others with it. What was reserved
/// settles itself.
///
/// The work is lent: a future that is handed over is held twice, and this one is ten KiB long.
async fn contained(
    serving: Pin<&mut impl Future<Output = Result<(), Failure>>>,
) -> Result<(), Failure> {
    AssertUnwindSafe(serving).catch_unwind().await.unwrap_or_else(|_| {
        let error = ApiError::new(ErrorClass::Server, "the gateway failed; try again");
        Err(Failure::upstream(PANIC, error))
    })
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
        let served = {
            let serving = pin!(self.0.serve(session, ctx));
            contained(serving).await
        };
        let served = match served {
            Err(Failure::Refused(panicked)) if panicked.reason == PANIC => {
                match send::status(session) {
                    // Half an answer is out.
                    Some(_) => Err(Failure::Broken(PANIC)),
                    None => Err(Failure::Refused(panicked)),
                }
            }
            served => served,
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
        if *error.etype() != ErrorType::ConnectionClosed && send::status(session).is_none() {
            let error = ApiError::new(ErrorClass::BadRequest, "the request could not be read");
            let refused =
                Refused { error, reason: "bad_request", denied: true, own: true, allow: None };
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
        record::record(&self.0.metrics, self.0.access_log.as_ref(), session, ctx);
        // Last: when nothing is in flight, all of it is counted and logged, and the process may end.
        self.0.metrics.in_flight.dec();
    }
}

#[cfg(test)]
mod tests;
