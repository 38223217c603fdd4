//! The admin listener: health, readiness, metrics, what was spent, and how budgets and names stand.
//! Its own address (loopback by default), its own thread, and never a route that a workload's
//! request could reach (S-15).
//!
//! Whoever reaches it may look at health and metrics; to change something (S-16), or to see from
//! another machine what was spent, and where backends are (S-08), beyond what metrics tell (sums by
//! caller, names of backends), it takes the token that the configuration names.

mod answer;
mod body;
mod budgets;
mod dns;
mod spend;

use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, Response, StatusCode};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;
use pingora::protocols::l4::socket::SocketAddr;

use crate::credential::Standing;
use crate::identity::{Directory, KeyStatus};
use crate::proxy::Gateway;
use crate::snapshot::Snapshot;
use crate::telemetry::{KeysNow, ListsNow, Minting, Now};
use crate::trust::ListsState;
use answer::Answer;

/// What there is, for whoever asks for something else.
const PATHS: &str = "try /healthz, /readyz, /metrics, /spend, /budgets or /dns";

/// What tells of callers and their money, and of the network that backends are in.
const GUARDED: [&str; 3] = ["/spend", "/budgets", "/dns"];

/// Whether a connection comes from this machine (`kubectl port-forward` does).
fn is_loopback(peer: &SocketAddr) -> bool {
    peer.as_inet().is_some_and(|peer| peer.ip().to_canonical().is_loopback())
}

/// The admin application.
pub struct Admin {
    gateway: Arc<Gateway>,
}

impl Admin {
    /// For this gateway.
    pub const fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    /// Whatever can be looked at.
    async fn show(&self, path: &str, query: &str) -> Answer {
        match path {
            "/healthz" => Answer::text(StatusCode::OK, "ok"),
            "/readyz" => self.readiness(),
            "/metrics" => {
                let snapshot = self.gateway.live.pin();
                let ledger = &self.gateway.ledger;
                let now = Now {
                    balances: &ledger.balances(&snapshot.budgets),
                    ledger_writable: ledger.is_writable(),
                    store: ledger.store_status(),
                    accuracy: &self.gateway.estimator.error(),
                    names: &self.gateway.resolver.status(),
                    lists: &self.lists(&snapshot),
                    keys: &keys(&snapshot),
                    credentials: &minting(&snapshot),
                };
                let gateway = &self.gateway;
                for (gauge, count) in [
                    (&gateway.metrics.connections, gateway.connections.open()),
                    (&gateway.metrics.tasks, gateway.tasks()),
                ] {
                    gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
                }
                Answer::metrics(self.gateway.metrics.render(&snapshot.gateway, &now))
            }
            "/spend" => spend::show(&self.gateway, query).await,
            "/budgets" => budgets::show(&self.gateway),
            "/dns" => dns::show(&self.gateway),
            _ if budgets::change(path).is_some() => Answer::not_allowed("POST"),
            _ => Answer::text(StatusCode::NOT_FOUND, PATHS),
        }
    }

    /// How the revocation lists of backends and their proxies are.
    fn lists(&self, snapshot: &Snapshot) -> Vec<ListsNow> {
        let hops = snapshot.backends.iter().flat_map(|backend| {
            let proxy = backend.proxy.as_ref().map(|proxy| ("proxy", proxy.group_key));
            let own = ("backend", backend.group_key);
            std::iter::once(own).chain(proxy).map(move |(hop, key)| (&backend.name, hop, key))
        });
        let with_lists = hops.filter_map(|(backend, hop, key)| {
            let ListsState { held, missing, age, left, failures } =
                self.gateway.trusts.lists(key)?;
            Some(ListsNow { backend: backend.clone(), hop, held, missing, age, left, failures })
        });
        with_lists.collect()
    }

    fn readiness(&self) -> Answer {
        let not = |why| Answer::text(StatusCode::SERVICE_UNAVAILABLE, why);
        if self.gateway.drain.is_draining() {
            not("draining")
        } else if !self.gateway.ledger.is_writable() {
            not("the ledger can't be written")
        } else {
            Answer::text(StatusCode::OK, "ready")
        }
    }

    async fn answer(&self, session: &mut ServerSession) -> Answer {
        let header = session.req_header();
        let (method, uri) = (header.method.clone(), header.uri.clone());
        if method == Method::GET {
            let near = || session.client_addr().is_some_and(is_loopback);
            if GUARDED.contains(&uri.path()) && !near() {
                let snapshot = self.gateway.live.pin();
                if let Err(refusal) = body::authorize(&snapshot, &header.headers) {
                    return refusal;
                }
            }
            return self.show(uri.path(), uri.query().unwrap_or_default()).await;
        }
        let Some(change) = budgets::change(uri.path()) else {
            return Answer::not_allowed("GET");
        };
        if method != Method::POST {
            return Answer::not_allowed("POST");
        }
        let snapshot = self.gateway.live.pin();
        if let Err(refusal) = body::authorize(&snapshot, &header.headers) {
            return refusal;
        }
        match body::read(session).await {
            Ok(body) => budgets::make(&self.gateway, &snapshot, change, &body),
            Err(refusal) => refusal,
        }
    }
}

/// How the keys of issuers are that are fetched.
fn keys(snapshot: &Snapshot) -> Vec<KeysNow> {
    let issuers = snapshot.callers.directory().into_iter().flat_map(Directory::key_status);
    let now = |(issuer, status): (&str, KeyStatus)| {
        let KeyStatus { age, fetches, failures } = status;
        let age = age.map(|age| age.as_secs_f64());
        KeysNow { issuer: issuer.to_owned(), age, fetches, failures }
    };
    issuers.map(now).collect()
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let answer = self.answer(session).await;
        if answer.status.is_client_error() {
            // What it sent along may not have been read.
            session.set_keepalive(None);
        }
        answer.into_response()
    }
}

/// How the backends' credentials stand, of those that somebody mints.
fn minting(snapshot: &Snapshot) -> Vec<Minting<'_>> {
    let minted = snapshot.backends.iter().filter_map(|backend| {
        let Standing { kind, succeeded, failed, left } = backend.credential.minted()?.standing();
        Some(Minting { backend: &backend.name, kind, succeeded, failed, left })
    });
    minted.collect()
}
