//! The admin listener: health, readiness, metrics. Its own address (loopback by default), its own
//! thread, and never a route that a workload's request could reach (S-15).

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use http::{Method, Response, StatusCode, header};
use pingora::apps::http_app::ServeHttp;
use pingora::protocols::http::ServerSession;

use crate::proxy::Gateway;

/// The admin application.
pub struct Admin {
    gateway: Arc<Gateway>,
}

impl Admin {
    /// For this gateway.
    pub const fn new(gateway: Arc<Gateway>) -> Self {
        Self { gateway }
    }

    fn answer(&self, path: &str) -> (StatusCode, &'static str, Vec<u8>) {
        const TEXT: &str = "text/plain; charset=utf-8";
        match path {
            "/healthz" => (StatusCode::OK, TEXT, b"ok\n".to_vec()),
            "/readyz" if !self.gateway.listening.load(Ordering::Acquire) => {
                (StatusCode::SERVICE_UNAVAILABLE, TEXT, b"starting\n".to_vec())
            }
            "/readyz" if self.gateway.drain.is_draining() => {
                (StatusCode::SERVICE_UNAVAILABLE, TEXT, b"draining\n".to_vec())
            }
            "/readyz" if !self.gateway.ledger.is_writable() => {
                (StatusCode::SERVICE_UNAVAILABLE, TEXT, b"the ledger can't be written\n".to_vec())
            }
            "/readyz" => (StatusCode::OK, TEXT, b"ready\n".to_vec()),
            "/metrics" => {
                let snapshot = self.gateway.live.pin();
                let balances = self.gateway.ledger.balances(&snapshot.budgets);
                let text = self.gateway.metrics.render(&snapshot.gateway, &balances);
                (StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", text)
            }
            _ => (StatusCode::NOT_FOUND, TEXT, b"try /healthz, /readyz or /metrics\n".to_vec()),
        }
    }
}

#[async_trait]
impl ServeHttp for Admin {
    async fn response(&self, session: &mut ServerSession) -> Response<Vec<u8>> {
        let header = session.req_header();
        let (status, kind, body) = if header.method == Method::GET {
            self.answer(header.uri.path())
        } else {
            (StatusCode::METHOD_NOT_ALLOWED, "text/plain", b"only GET\n".to_vec())
        };
        let length = body.len();
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
        headers.insert(header::CONTENT_LENGTH, length.into());
        response
    }
}
