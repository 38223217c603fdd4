//! The gateway as a process of its own.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use super::metrics::Metrics;
use super::wire::{self, Wire};
use super::{Config, PATIENCE, Transport, http1, until};

/// A running gateway; it is killed when dropped, and shows its output if the test failed.
pub struct Gateway {
    child: Child,
    /// What it was started with.
    pub config: Config,
    /// For requests over HTTP/1.1.
    pub client: reqwest::Client,
}

impl Gateway {
    /// Starts a gateway and waits until it is ready.
    pub async fn start(config: Config) -> Self {
        Self::start_with(config, &[]).await
    }

    /// Starts a gateway with these environment variables, too.
    pub async fn start_with(config: Config, environment: &[(&str, &str)]) -> Self {
        config.save();
        let child = spawn(&config, environment);
        let mut gateway = Self { child, config, client: http1() };
        gateway.until_ready().await;
        gateway
    }

    /// Starts the gateway again on what it left behind. It must have ended.
    pub async fn restart(mut self) -> Self {
        self.respawn();
        self.until_ready().await;
        self
    }

    /// The same without waiting until it is ready.
    pub fn respawn(&mut self) {
        assert!(self.child.try_wait().unwrap().is_some(), "still running");
        self.child = spawn(&self.config, &[]);
    }

    async fn until_ready(&mut self) {
        let deadline = std::time::Instant::now() + PATIENCE;
        while !self.is_ready().await {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the gateway did not start ({status})");
            }
            assert!(std::time::Instant::now() < deadline, "the gateway is never ready");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn is_ready(&self) -> bool {
        self.admin("/readyz").await.is_some_and(|(status, _)| status == 200)
    }

    /// Status and body of an admin path; `None` if nobody listens.
    pub async fn admin(&self, path: &str) -> Option<(u16, String)> {
        let url = format!("http://127.0.0.1:{}{path}", self.config.admin);
        let response = self.client.get(url).send().await.ok()?;
        Some((response.status().as_u16(), response.text().await.ok()?))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.config.port).into()
    }

    /// The URL of a path.
    pub fn url(&self, path: &str) -> String {
        match self.config.transport {
            Transport::Plaintext => format!("http://{}{path}", self.address()),
            Transport::Tls => format!("https://localhost:{}{path}", self.config.port),
        }
    }

    /// A connection to it, for this protocol: `h2` or `http/1.1`.
    pub async fn connect(&self, protocol: &str) -> Wire {
        Box::pin(wire::connect(self.config.transport, self.address(), protocol)).await
    }

    /// Its metrics now.
    pub async fn metrics(&self) -> Metrics {
        Metrics(self.admin("/metrics").await.unwrap().1)
    }

    /// Its metrics once no request is in flight and no budget holds a reservation.
    pub async fn settled(&self) -> Metrics {
        let settling = async {
            loop {
                let metrics = self.metrics().await;
                if metrics.count("egret_requests_in_flight", &[]) == 0
                    && metrics.sum("egret_budget_reserved", &[]) == 0.0
                {
                    return metrics;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let settled = tokio::time::timeout(PATIENCE, settling).await;
        settled.expect("requests stay in flight, or something stays reserved")
    }

    /// Sends a signal: `TERM`, `HUP`, `KILL`.
    pub fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.arg(format!("-{name}")).arg(self.child.id().to_string()).status().unwrap();
        assert!(sent.success());
    }

    /// Does something to the configuration, and waits until one has been taken over.
    pub async fn takes_over(&self, change: impl FnOnce(&Self)) {
        let taken =
            async || self.metrics().await.count("egret_config_reloads_total", &["result=\"ok\""]);
        let before = taken().await;
        change(self);
        until("the configuration is taken over", async || taken().await > before).await;
    }

    /// Kills it as a power cut would, and waits until it is gone.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it has ended by itself.
    pub async fn ended(&mut self) -> ExitStatus {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(std::time::Instant::now() < deadline, "the gateway does not end");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the system says of it: `status`, `limits`.
    pub fn proc(&self, file: &str) -> String {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).unwrap()
    }

    /// Bytes of memory that it holds (its resident set).
    pub fn memory(&self) -> usize {
        let status = self.proc("status");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Everything it has written: access log, then its other logs.
    pub fn output(&self) -> String {
        let read = |name| fs::read(self.config.directory().join(name)).unwrap_or_default();
        String::from_utf8_lossy(&[read("stdout"), read("stderr")].concat()).into_owned()
    }
}

/// How a gateway ends that can't start, and what it says.
pub async fn ended(config: &Config) -> (ExitStatus, String) {
    config.save();
    let mut child = spawn(config, &[]);
    let deadline = std::time::Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() && std::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ended = child.try_wait().unwrap().is_some();
    if !ended {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let said = fs::read_to_string(config.directory().join("stderr")).unwrap();
    assert!(ended, "it does not end: {said}");
    (status, said)
}

/// Starts a gateway without waiting for it.
pub fn spawn(config: &Config, environment: &[(&str, &str)]) -> Child {
    let directory = config.directory();
    let output = |name: &str| {
        let file = File::options().append(true).create(true).open(directory.join(name));
        Stdio::from(file.unwrap())
    };
    Command::new(env!("CARGO_BIN_EXE_egret"))
        .args(["run", "--config"])
        .arg(directory.join("egret.yaml"))
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(output("stdout"))
        .stderr(output("stderr"))
        .spawn()
        .unwrap()
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<&str> = output.lines().collect();
            let last = &lines[lines.len().saturating_sub(40)..];
            eprintln!("--- the gateway's last words:\n{}\n---", last.join("\n"));
        }
    }
}
