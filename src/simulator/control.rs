//! Simulators as a process of their own: `egret simulate`, and the control plane that drives them
//! from outside.
//!
//! The control plane is plain HTTP on a loopback address. For each simulator, named `openai`,
//! `claude` or `gemini`:
//!
//! | request | answer |
//! |---|---|
//! | `GET /__sim/NAME/bill` | the bill: `{model: {requests, input, cached, output, reasoning}}` |
//! | `DELETE /__sim/NAME/bill` | nothing; the bill starts anew |
//! | `GET /__sim/NAME/counts` | connections, open, requests, aborted |
//! | `GET /__sim/NAME/journal` | what arrived: method, target, version, headers, body, connection |
//! | `DELETE /__sim/NAME/journal` | nothing; the journal is empty then |
//! | `POST /__sim/NAME/script` | nothing; the body is read by [`Script::read`](super::Script::read) |
//! | `POST /__sim/NAME/certificate` | nothing; `expired` or `valid` is what new connections see |

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::server::{Running, Simulator};
use super::{Authority, Provider};

/// The credentials that `egret simulate` uses unless told otherwise. They open nothing.
pub const CREDENTIALS: [(Provider, &str); 3] = [
    (Provider::OpenAi, "sk-simulated-openai"),
    (Provider::Claude, "sk-ant-simulated-claude"),
    (Provider::Gemini, "AIza-simulated-gemini"),
];

/// What `egret simulate` was told.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where `ca.pem` and `ca.crl` are written; made if it is not there.
    pub dir: PathBuf,
    /// Where each simulator listens, and the credential it answers to.
    pub simulators: Vec<(Provider, SocketAddr, String)>,
    /// Where the control plane listens, if there is one.
    pub control: Option<SocketAddr>,
    /// Offer HTTP/1.1 only.
    pub http1_only: bool,
    /// Serve plain HTTP.
    pub plain: bool,
    /// For benchmarks: validate nothing, keep no journal.
    pub lenient: bool,
}

/// Simulators that run together under one authority.
pub struct Fleet {
    /// The simulators, in the order of the options.
    pub simulators: Arc<Vec<Running>>,
    /// Where the control plane listens.
    pub control: Option<SocketAddr>,
    task: Option<JoinHandle<()>>,
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

/// Starts what the options say, and writes the authority's certificate to `ca.pem` and its
/// revocation list to `ca.crl`.
///
/// # Errors
/// If an address is taken, or the directory cannot be written.
pub async fn start(options: &Options) -> io::Result<Fleet> {
    let authority = Authority::new()?;
    tokio::fs::create_dir_all(&options.dir).await?;
    // Whoever waits for the certificate finds the list, too.
    tokio::fs::write(options.dir.join("ca.crl"), authority.crl_pem()?).await?;
    tokio::fs::write(options.dir.join("ca.pem"), authority.ca_pem()).await?;
    let mut simulators = Vec::new();
    for (provider, address, credential) in &options.simulators {
        let mut simulator = Simulator::new(*provider, credential);
        if !options.plain {
            let own = address.ip().to_string();
            let mut names = vec!["localhost", "127.0.0.1", "::1"];
            if !address.ip().is_unspecified() && !names.contains(&own.as_str()) {
                names.push(&own);
            }
            simulator = simulator.tls(authority.issue(&names)?);
            simulator = simulator.expired(authority.issue_expired(&names)?);
        }
        if options.http1_only {
            simulator = simulator.http1_only();
        }
        if options.lenient {
            simulator = simulator.lenient();
        }
        simulators.push(simulator.start(*address).await?);
    }
    let simulators = Arc::new(simulators);
    let (mut control, mut task) = (None, None);
    if let Some(address) = options.control {
        let listener = TcpListener::bind(address).await?;
        control = Some(listener.local_addr()?);
        task = Some(tokio::spawn(accept(listener, Arc::clone(&simulators))));
    }
    Ok(Fleet { simulators, control, task })
}

impl Fleet {
    /// What a person needs to know to use it, a line for each simulator.
    pub fn describe(&self, options: &Options) -> String {
        let mut text = String::new();
        for simulator in self.simulators.iter() {
            let (name, url) = (simulator.provider().name(), simulator.base_url());
            let _ = writeln!(text, "{name:8} {url:28} credential {}", simulator.credential());
        }
        if let Some(control) = self.control {
            let _ = writeln!(
                text,
                "control  http://{control}/__sim/NAME/{{bill,counts,journal,script,certificate}}"
            );
        }
        if !options.plain {
            let _ = writeln!(text, "CA       {}", options.dir.join("ca.pem").display());
        }
        text
    }
}

/// `egret simulate`: starts, says where, and serves until Ctrl-C.
///
/// # Errors
/// As [`start`].
pub async fn run(options: Options) -> io::Result<()> {
    let fleet = start(&options).await?;
    io::Write::write_all(&mut io::stdout(), fleet.describe(&options).as_bytes())?;
    tokio::signal::ctrl_c().await
}

async fn accept(listener: TcpListener, simulators: Arc<Vec<Running>>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((stream, _)) = listener.accept().await else { continue };
        let simulators = Arc::clone(&simulators);
        connections.spawn(async move {
            let service = service_fn(move |request| control(Arc::clone(&simulators), request));
            let mut builder = http1::Builder::new();
            builder.timer(TokioTimer::new());
            // A client that breaks off is an ordinary end.
            let _ = builder.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn control(
    simulators: Arc<Vec<Running>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, io::Error> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, 1 << 20).collect().await.map_err(io::Error::other)?.to_bytes();
    let path = head.uri.path().strip_prefix("/__sim/").unwrap_or_default();
    let (name, what) = path.split_once('/').unwrap_or_default();
    let found = simulators.iter().find(|simulator| simulator.provider().name() == name);
    let (status, text) = match found {
        Some(simulator) => command(simulator, &head.method, what, &body),
        None => (StatusCode::NOT_FOUND, format!("no simulator called {name:?}\n")),
    };
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    Ok(response)
}

fn command(simulator: &Running, method: &Method, what: &str, body: &[u8]) -> (StatusCode, String) {
    match (method.as_str(), what) {
        ("GET", "bill") => (StatusCode::OK, json!(simulator.bill().read()).to_string()),
        ("GET", "counts") => (StatusCode::OK, json!(simulator.counts()).to_string()),
        ("GET", "journal") => (StatusCode::OK, journal(simulator)),
        ("DELETE", "bill") => {
            simulator.bill().clear();
            (StatusCode::NO_CONTENT, String::new())
        }
        ("DELETE", "journal") => {
            simulator.journal().clear();
            (StatusCode::NO_CONTENT, String::new())
        }
        ("POST", "script") => match simulator.script().read(&String::from_utf8_lossy(body)) {
            Ok(()) => (StatusCode::NO_CONTENT, String::new()),
            Err(why) => (StatusCode::BAD_REQUEST, format!("{why}\n")),
        },
        ("POST", "certificate") => match body {
            b"expired" | b"valid" => {
                simulator.show_expired(body == b"expired");
                (StatusCode::NO_CONTENT, String::new())
            }
            _ => (StatusCode::BAD_REQUEST, "expired or valid\n".to_owned()),
        },
        _ => (StatusCode::NOT_FOUND, format!("there is no {method} {what}\n")),
    }
}

fn journal(simulator: &Running) -> String {
    let arrivals = simulator.journal().read();
    let each = arrivals.iter().map(|arrival| {
        let headers: Vec<_> = arrival
            .headers
            .iter()
            .map(|(name, value)| [name.as_str().into(), String::from_utf8_lossy(value.as_bytes())])
            .collect();
        json!({
            "method": arrival.method, "target": arrival.target, "version": arrival.version,
            "headers": headers, "body": String::from_utf8_lossy(&arrival.body),
            "connection": arrival.connection,
        })
    });
    json!(each.collect::<Vec<_>>()).to_string()
}
