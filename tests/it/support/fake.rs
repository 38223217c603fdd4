//! A server that a test tells what to answer: token endpoints and metadata services.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

/// A request that came.
#[derive(Clone, Debug)]
pub struct Received {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// What is answered.
pub struct Said {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

/// A running server, on loopback and without TLS; it ends when dropped.
pub struct Fake {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Said {
    /// This status and body.
    pub fn new(status: u16, body: impl Into<String>) -> Self {
        Self { status, headers: Vec::new(), body: body.into() }
    }

    /// An access token as OAuth's servers answer with one.
    pub fn token(token: &str, seconds: u64) -> Self {
        let body = serde_json::json!({
            "access_token": token, "token_type": "Bearer", "expires_in": seconds,
        });
        Self::new(200, body.to_string())
    }

    /// An error as OAuth's servers answer with one.
    pub fn refusal(status: u16, code: &str) -> Self {
        let why = "canary-description";
        let body = serde_json::json!({ "error": code, "error_description": why });
        Self::new(status, body.to_string())
    }

    /// With this header.
    pub fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl Received {
    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The fields of its form.
    pub fn form(&self) -> HashMap<String, String> {
        assert_eq!(self.header("content-type"), "application/x-www-form-urlencoded");
        form_urlencoded::parse(self.body.as_bytes()).into_owned().collect()
    }

    /// The parameters of its query.
    pub fn parameters(&self) -> HashMap<String, String> {
        form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// User and password of its `authorization: Basic`.
    pub fn basic(&self) -> Option<String> {
        let encoded = self.header("authorization").strip_prefix("Basic ")?;
        Some(String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap())
    }
}

impl Fake {
    /// Starts one that answers so.
    pub async fn start(answer: impl Fn(&Received) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Arc::new(Mutex::new(Vec::new()));
        let (answer, noted) = (Arc::new(answer), received.clone());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (answer, noted) = (answer.clone(), noted.clone());
                let service = service_fn(move |request| {
                    let (answer, noted) = (answer.clone(), noted.clone());
                    async move { Ok::<_, Infallible>(serve(request, &*answer, &noted).await) }
                });
                connections.spawn(async move {
                    let io = TokioIo::new(stream);
                    let _ = http1::Builder::new().serve_connection(io, service).await;
                });
            }
        });
        Self { address, received, task }
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// What has come.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// How much has come.
    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    request: Request<Incoming>,
    answer: &(impl Fn(&Received) -> Said + Send + Sync),
    noted: &Mutex<Vec<Received>>,
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let received = Received {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let said = answer(&received);
    noted.lock().unwrap().push(received);
    let mut response = Response::builder().status(said.status);
    for (name, value) in said.headers {
        response = response.header(name, value);
    }
    response.body(Full::new(said.body.into())).unwrap()
}
