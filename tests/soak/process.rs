//! Processes: simulators and gateways are each one of their own.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use egret::simulator::control::CREDENTIALS;
use serde_json::Value;

use crate::Result;
use crate::stack::World;

/// What callers send; the gateway knows no other key.
pub const CALLER_KEY: &str = "sk-egret-soak-caller";
/// Longest wait for a process.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is killed when dropped.
pub struct Process {
    child: Child,
    pub log: PathBuf,
}

impl Process {
    pub fn start(egret: &Path, dir: &Path, name: &str, arguments: &[&str]) -> Result<Self> {
        let log = dir.join(format!("{name}.log"));
        let out = File::options().append(true).create(true).open(&log)?;
        let mut command = Command::new(egret);
        command.args(arguments).env("SOAK_CALLER", CALLER_KEY).env("RUST_LOG", "warn");
        for (provider, credential) in CREDENTIALS {
            command.env(format!("SOAK_{}", provider.name().to_uppercase()), credential);
        }
        command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        Ok(Self { child: command.spawn()?, log })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal: `TERM`, `HUP`, `KILL`.
    pub fn signal(&self, name: &str) -> Result<()> {
        let sent =
            Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status()?;
        if sent.success() { Ok(()) } else { Err(format!("cannot send SIG{name}").into()) }
    }

    /// The ids of the calls that its access log holds.
    pub fn calls(&self) -> Result<BTreeSet<String>> {
        let log = fs::read_to_string(&self.log)?;
        let lines = log.lines().filter_map(|line| serde_json::from_str(line).ok());
        Ok(lines.filter_map(|line: Value| Some(line["id"].as_str()?.to_owned())).collect())
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.has_ended()? {
                return Ok(status);
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("a process has not ended after {PATIENCE:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ports that nobody listens on, below those that systems hand out for outgoing connections.
pub struct Ports(u16);

impl Ports {
    pub fn from(first: u16) -> Self {
        Self(first)
    }

    pub fn next(&mut self) -> u16 {
        loop {
            self.0 += 1;
            if TcpListener::bind(("127.0.0.1", self.0)).is_ok() {
                return self.0;
            }
        }
    }
}

/// A gateway.
pub struct Gateway {
    pub process: Process,
    pub name: String,
    port: u16,
    admin: u16,
    config: PathBuf,
}

impl Gateway {
    /// Starts one with this configuration, and waits until it is ready.
    pub async fn start(
        world: &World,
        name: &str,
        port: u16,
        admin: u16,
        config: PathBuf,
    ) -> Result<Self> {
        let process = world.run(name, &config)?;
        let mut gateway = Self { process, name: name.to_owned(), port, admin, config };
        gateway.until_ready(world).await?;
        Ok(gateway)
    }

    async fn until_ready(&mut self, world: &World) -> Result<()> {
        let begun = Instant::now();
        while !self.is_ready(world).await {
            if let Some(status) = self.process.has_ended()? {
                let log = fs::read_to_string(&self.process.log)?;
                return Err(format!("the gateway ended ({status}):\n{log}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err("the gateway is never ready".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Starts it again on what it left behind; it must have ended.
    pub async fn restart(&mut self, world: &World) -> Result<()> {
        self.process = world.run(&self.name, &self.config)?;
        self.until_ready(world).await
    }

    /// What an admin path answers, if it answers well.
    pub async fn admin(&self, world: &World, path: &str) -> Option<String> {
        let url = format!("http://127.0.0.1:{}{path}", self.admin);
        let response = world.client.get(url).send().await.ok()?.error_for_status().ok()?;
        response.text().await.ok()
    }

    /// Whether a load balancer may send it calls.
    pub async fn is_ready(&self, world: &World) -> bool {
        self.admin(world, "/readyz").await.is_some()
    }

    /// Where callers reach it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Reloads the configuration with these lines behind it.
    pub fn reload(&self, good: &str, more: &str) -> Result<()> {
        let draft = self.config.with_extension("draft");
        fs::write(&draft, format!("{good}{more}"))?;
        fs::rename(&draft, &self.config)?;
        self.process.signal("HUP")
    }

    /// Its configuration.
    pub fn text(&self) -> Result<String> {
        Ok(fs::read_to_string(&self.config)?)
    }
}
