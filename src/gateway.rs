//! Putting the gateway together and running it.

mod sockets;

use std::path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pingora::apps::HttpServerOptions;
use pingora::listeners::{L4BufferSettings, ListenerConfig};
use pingora::protocols::http::v2::server::{H2Options, default_h2_options};
use pingora::proxy::http_proxy;
use pingora::server::configuration::ServerConf;
use pingora::server::{RunArgs, Server, ShutdownSignal, ShutdownSignalWatch, ShutdownWatch};
use pingora::services::background::{BackgroundService, background_service};
use pingora::services::listening::Service;
use providers::seal::Key;
use providers::vendor::Header;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use zeroize::Zeroizing;

use self::sockets::{Bound, Sockets};
use crate::admin::Admin;
use crate::budget::{Ledger, SystemClock};
use crate::config::{Live, Source};
use crate::credential;
use crate::identity::{Directory, keep_fresh};
use crate::proxy::{Gateway, Listener, Proxy};
use crate::resolve::{Resolver, Wanted};
use crate::snapshot::{Limits, Snapshot, Webhook};
use crate::telemetry::{self, AccessLog, Metrics, Target};
use crate::trust::Trusts;

/// How long a connection of h2 may be idle.
const H2_IDLE: Duration = Duration::from_secs(300);
/// Streams that a caller has opened and reset before anybody looked at them, after which its
/// connection is closed (rapid reset, CVE-2023-44487).
const RESETS: usize = 20;
/// The same of streams that the gateway itself had to reset because the caller made a mistake
/// (MadeYouReset, CVE-2025-8671).
const OWN_RESETS: usize = 100;
/// Buffers of a caller's connection. Room for an ordinary request in one read, and for an ordinary
/// answer, header and body, in one write; Pingora's own are 64 KiB and 1.4 KiB.
const BUFFERS: L4BufferSettings = L4BufferSettings { read: Some(16 << 10), write: Some(16 << 10) };
/// How often the end of a drain is looked for.
const DRAIN_STEP: Duration = Duration::from_millis(50);
/// How long readiness is off before the listeners close, so that load balancers notice.
const NOTICE: Duration = Duration::from_secs(2);
/// How often credentials are looked at that expire.
const TEND: Duration = Duration::from_millis(500);
/// How the webhook is shown its token.
const BEARER: (&str, &str) = ("authorization", "Bearer ");
/// How long answers that the drain cuts may take to be ended with an error.
const FAREWELL: Duration = Duration::from_secs(1);

/// Runs the gateway of a configuration until it is told to stop.
///
/// # Errors
///
/// In words, if it can't start.
pub fn run(source: Source) -> Result<(), String> {
    let live = Arc::new(Live::start(source).map_err(|error| error.to_string())?);
    let ledger = Ledger::open(live.pin().ledger.as_deref(), SystemClock);
    let ledger = ledger.map_err(|error| error.to_string())?;
    let snapshot = live.pin();
    if let Some(store) = &snapshot.store {
        ledger.share(store, &snapshot.budgets)?;
    }
    let _watch = live.watch().map_err(|e| format!("the configuration can't be watched: {e}"))?;
    // Whoever connects from here on waits, so that comes when the ledger is there.
    let sockets = Sockets::bind(&snapshot)?;
    announce(&snapshot);
    drop(snapshot);
    serve_on(sockets, Options { live, ledger, access_log: true, stop: None })
}

/// Says what is begun, and with what. Whoever starts a gateway sees nothing else of it.
fn announce(snapshot: &Snapshot) {
    match &snapshot.ledger {
        // Where it is, also for those who don't know what it is relative to.
        Some(path) => {
            let path = path::absolute(path).unwrap_or_else(|_| path.clone());
            log::info!("what is spent is kept in {}", path.display());
        }
        None => log::info!("what is spent is kept in memory: it is forgotten at the end"),
    }
    if snapshot.seal.is_none() {
        // Replicas that share a store are meant to be one to their callers; one gateway alone
        // loses something only when it is started again.
        let (level, more) = match snapshot.store {
            Some(_) => (log::Level::Warn, ", and by every other replica"),
            None => (log::Level::Info, ""),
        };
        log::log!(
            level,
            "no `seal` in the configuration: thoughts that callers keep for a provider are dropped \
             after a restart{more}; to keep them, add `seal: {{ key: {{ env: SEAL_KEY }} }}`, with \
             the output of `openssl rand -base64 32` in SEAL_KEY"
        );
    }
    for listener in &snapshot.listeners {
        log::info!("listening on {listener}");
    }
    log::info!("health and metrics on {}", snapshot.admin);
}

/// How a gateway is run.
pub struct Options {
    /// The configuration, kept up to date.
    pub live: Arc<Live>,
    /// Where money is counted.
    pub ledger: Arc<Ledger>,
    /// Whether standard output gets the access log.
    pub access_log: bool,
    /// Ends the gateway when it turns true, as SIGTERM does; `None` if only signals do.
    pub stop: Option<watch::Receiver<bool>>,
}

/// A key of this process alone: reasoning that was sealed before a restart, or by another
/// gateway, is dropped from conversations and reported.
fn sealing_key() -> Result<Key, String> {
    let mut secret = Zeroizing::new([0; 64]);
    let filled = SystemRandom::new().fill(secret.as_mut_slice());
    filled.map_err(|_| "the system gives no random bytes".to_owned())?;
    Key::new(secret.as_slice()).map_err(|error| error.to_string())
}

/// Runs a gateway until it is told to stop and has drained.
///
/// # Errors
///
/// In words, if it can't start.
pub fn serve(options: Options) -> Result<(), String> {
    let sockets = Sockets::bind(&options.live.pin())?;
    serve_on(sockets, options)
}

fn serve_on(sockets: Sockets, options: Options) -> Result<(), String> {
    let snapshot = options.live.pin();
    let ledger = options.ledger.clone();
    let metrics = Arc::new(Metrics::new().map_err(|e| format!("cannot set up metrics: {e}"))?);
    let log = options.access_log.then(|| AccessLog::start(metrics.log_dropped.clone())).transpose();
    let log = log.map_err(|e| format!("cannot start the access log: {e}"))?;
    tell(&options, &metrics).map_err(|e| format!("cannot tell of budgets: {e}"))?;
    let resolver = Arc::new(Resolver::default());
    let gateway = Arc::new(Gateway::new(
        options.live.clone(),
        options.ledger.clone(),
        metrics,
        resolver.clone(),
        Arc::<Trusts>::default(),
        log.clone(),
        sealing_key()?,
    ));

    let conf = ServerConf {
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        // Our own drain has waited by the time Pingora's grace period begins.
        grace_period_seconds: Some(0),
        graceful_shutdown_timeout_seconds: Some(1),
        ..ServerConf::default()
    };
    let mut server = Server::new_with_opt_and_conf(None, conf);
    server.bootstrap();

    let mut proxy = http_proxy(&server.configuration, Proxy(gateway.clone()));
    let mut http = HttpServerOptions::default();
    http.h2c = true;
    http.h2_idle_timeout = Some(H2_IDLE);
    proxy.server_options = Some(http);
    proxy.h2_options = Some(h2_options(&snapshot.limits));
    let listener = Listener::new(proxy, gateway.clone());
    let mut listeners = Service::new("gateway".to_owned(), listener);
    for listener in &snapshot.listeners {
        let address = listener.address.to_string();
        listeners.add_listener(ListenerConfig::tcp(&address).l4_buffer(BUFFERS));
    }
    server.add_service(Bound::new(listeners, sockets.listeners));

    let mut admin = Service::new(
        "admin".to_owned(),
        pingora::apps::http_app::HttpServer::new_app(Admin::new(gateway.clone())),
    );
    admin.threads = Some(1);
    admin.add_tcp(&snapshot.admin.to_string());
    server.add_service(Bound::new(admin, vec![sockets.admin]));

    let upkeep = Upkeep { gateway: gateway.clone(), resolver };
    server.add_service(background_service("upkeep", upkeep));

    let stop = Stop { gateway, stop: options.stop };
    server.run(RunArgs { shutdown_signal: Box::new(stop) });
    // All calls have settled: the other replicas may have what this one leased and did not use.
    ledger.leave();
    if let Some(log) = log {
        log.flush();
    }
    Ok(())
}

/// What one HTTP/2 connection may take, on top of what Pingora bounds by itself.
fn h2_options(limits: &Limits) -> H2Options {
    let mut options = default_h2_options();
    // As HTTP/2 counts headers: 32 bytes on top of each one's name and value (RFC 9113, 10.5.1).
    let headers = limits.header_bytes + 32 * limits.header_count;
    options
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(headers).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(RESETS)
        .max_local_error_reset_streams(Some(OWN_RESETS));
    options
}

/// Has the ledger's events told: in the log, as a metric, and at the webhook.
fn tell(options: &Options, metrics: &Arc<Metrics>) -> std::io::Result<()> {
    let Some(events) = options.ledger.take_events() else { return Ok(()) };
    let (live, named) = (options.live.clone(), options.live.clone());
    let target = move || {
        let snapshot = live.pin();
        let Webhook { url, token } = snapshot.webhook.as_ref()?;
        let (name, prefix) = (BEARER.0.to_owned(), BEARER.1.to_owned());
        let form = Header { name, prefix };
        let shown = token.as_ref().map(|token| credential::inject(&form, &token.current()));
        // One that is no token was refused with the configuration.
        let headers = shown.transpose().ok()?.into_iter().collect();
        Some(Target { url: url.clone(), headers })
    };
    telemetry::tell(events, metrics.clone(), move || named.pin().gateway.clone(), target)
}

/// What goes on beside requests: resolving names, fetching revocation lists, keeping credentials
/// fresh, following reloads.
struct Upkeep {
    gateway: Arc<Gateway>,
    resolver: Arc<Resolver>,
}

#[async_trait]
impl BackgroundService for Upkeep {
    async fn start(&self, mut shutdown: ShutdownWatch) {
        let live = &self.gateway.live;
        let names = || {
            let snapshot = live.pin();
            Wanted { settings: snapshot.dns.clone(), names: snapshot.names().cloned().collect() }
        };
        let keyrings = || {
            let snapshot = live.pin();
            let directory = snapshot.callers.directory();
            directory.into_iter().flat_map(Directory::keyrings).cloned().collect()
        };
        tokio::select! {
            () = self.resolver.run(names) => {}
            () = keep_fresh(keyrings) => {}
            () = self.gateway.trusts.run() => {}
            () = self.follow_reloads() => {}
            () = self.tend_credentials() => {}
            _ = shutdown.changed() => {}
        }
    }
}

impl Upkeep {
    /// Has the backends' credentials minted anew before they expire.
    async fn tend_credentials(&self) {
        let mut tick = tokio::time::interval(TEND);
        loop {
            tick.tick().await;
            for backend in &self.gateway.live.pin().backends {
                if let Some(minted) = backend.credential.minted() {
                    minted.tend();
                }
            }
        }
    }

    /// Reloads when told by SIGHUP; cleans up and counts after every reload.
    async fn follow_reloads(&self) {
        let live = self.gateway.live.clone();
        let Ok(mut hangup) = signal(SignalKind::hangup()) else {
            log::error!("SIGHUP can't be listened for; changes of the file are still noticed");
            return std::future::pending().await;
        };
        let mut seen = live.reloads();
        let mut tick = tokio::time::interval(Duration::from_millis(500));
        loop {
            tokio::select! {
                _ = hangup.recv() => {
                    // Files may be slow; what went wrong is logged and counted there.
                    let live = live.clone();
                    let _ = tokio::task::spawn_blocking(move || live.reload_now()).await;
                }
                _ = tick.tick() => {}
            }
            let now = live.reloads();
            let gateway = &live.pin().gateway;
            for _ in seen.succeeded..now.succeeded {
                self.gateway.metrics.reloaded(gateway, true);
            }
            for _ in seen.failed..now.failed {
                self.gateway.metrics.reloaded(gateway, false);
            }
            if now.succeeded != seen.succeeded {
                self.gateway.forget_old();
            }
            seen = now;
        }
    }
}

/// Waits for the order to stop, then drains: readiness off, streams in flight finish up to a
/// limit, then they are ended with an error that says so, and budgets settle.
struct Stop {
    gateway: Arc<Gateway>,
    stop: Option<watch::Receiver<bool>>,
}

#[async_trait]
impl ShutdownSignalWatch for Stop {
    async fn recv(&self) -> ShutdownSignal {
        let (terminate, interrupt) =
            (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
        let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
            log::error!("signals can't be listened for; stop the process by SIGKILL");
            return std::future::pending().await;
        };
        let drained = async {
            tokio::select! {
                _ = terminate.recv() => {}
                () = self.told() => {}
            }
            self.drain().await;
        };
        // Also while draining: whoever interrupts has no time to wait.
        tokio::select! {
            () = drained => ShutdownSignal::GracefulTerminate,
            _ = interrupt.recv() => ShutdownSignal::FastShutdown,
        }
    }
}

impl Stop {
    /// Waits for the order from inside the process, where one can come.
    async fn told(&self) {
        match self.stop.clone() {
            Some(mut told) => {
                let _ = told.wait_for(|stop| *stop).await;
            }
            None => std::future::pending().await,
        }
    }

    async fn drain(&self) {
        log::info!("draining");
        let drain = &self.gateway.drain;
        drain.begin();
        let begun = Instant::now();
        let limit = self.gateway.live.pin().limits.drain;
        tokio::time::sleep(NOTICE.min(limit)).await;
        self.until_idle(limit.saturating_sub(begun.elapsed())).await;
        drain.cut();
        self.until_idle(FAREWELL).await;
    }

    /// Waits until nothing is in flight, at most `limit`.
    async fn until_idle(&self, limit: Duration) {
        let idle = async {
            while self.gateway.metrics.in_flight.get() > 0 {
                tokio::time::sleep(DRAIN_STEP).await;
            }
        };
        // What is in flight after that is cut, and charged its estimate.
        let _ = tokio::time::timeout(limit, idle).await;
    }
}
