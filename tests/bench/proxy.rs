//! What is measured: Egret, nginx and Envoy, configured to do the same.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use crate::http::{self, Connection};
use crate::process::Process;
use crate::strict::{self, Issuer};
use crate::{Options, Result};

/// The credentials that `egret simulate` answers to.
pub const OPENAI_KEY: &str = "sk-simulated-openai";
pub const CLAUDE_KEY: &str = "sk-ant-simulated-claude";
/// What the callers send. Egret checks it; the others replace it unread.
pub const CALLER_KEY: &str = "sk-egret-bench-checkout";

/// The core that the proxy under test has.
const CORE: usize = 0;
/// The core that everything else has.
pub const OTHER_CORE: usize = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Nginx,
    Envoy,
    Egret,
    /// Egret without budgets.
    Unlimited,
    /// Egret with budgets that it shares through Redis.
    Shared,
    /// Egret with everything that says who calls, what they may, and who is at the other end.
    Strict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upstream {
    H1,
    H2,
}

/// A proxy in one configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    pub kind: Kind,
    pub upstream: Upstream,
}

impl Target {
    pub const fn new(kind: Kind, upstream: Upstream) -> Self {
        Self { kind, upstream }
    }

    pub fn name(self) -> String {
        let kind = match self.kind {
            Kind::Nginx => "nginx",
            Kind::Envoy => "Envoy",
            Kind::Egret => "Egret",
            Kind::Unlimited => "Egret, no budgets",
            Kind::Shared => "Egret, shared budgets",
            Kind::Strict => "Egret, strict",
        };
        format!("{kind} {}", if self.upstream == Upstream::H1 { "h1" } else { "h2" })
    }
}

/// A running proxy.
pub struct Proxy {
    pub target: Target,
    pub address: SocketAddr,
    /// Where Egret has its metrics.
    pub admin: SocketAddr,
    pub process: Process,
    /// What its callers show.
    pub key: String,
}

impl Proxy {
    /// Starts it on a port, and waits until it answers.
    pub async fn start(options: &Options, target: Target, port: u16) -> Result<Self> {
        let http = match (target.kind, target.upstream) {
            (Kind::Envoy, Upstream::H1) => "http_protocol_options",
            (Kind::Envoy, Upstream::H2) => "http2_protocol_options",
            (_, Upstream::H1) => "h1",
            (_, Upstream::H2) => "h2",
        };
        let template = match target.kind {
            Kind::Nginx => include_str!("conf/nginx.conf").to_owned(),
            Kind::Envoy => include_str!("conf/envoy.yaml").to_owned(),
            Kind::Unlimited => include_str!("conf/egret.yaml").to_owned(),
            Kind::Egret => {
                [include_str!("conf/egret.yaml"), include_str!("conf/budgets.yaml")].concat()
            }
            Kind::Shared => [
                include_str!("conf/egret.yaml"),
                include_str!("conf/budgets.yaml"),
                include_str!("conf/store.yaml"),
            ]
            .concat(),
            Kind::Strict => {
                [include_str!("conf/strict.yaml"), include_str!("conf/budgets.yaml")].concat()
            }
        };
        let dir = options.dir.path().to_str().ok_or("the temporary directory has no plain name")?;
        let name = format!("proxy-{port}");
        let issuer = Issuer::new()?;
        let (mut pin, mut dns) = (String::new(), String::new());
        if target.kind == Kind::Strict {
            dns = strict::name_server()?.to_string();
            fs::write(format!("{dir}/{name}.jwks.json"), issuer.jwks())?;
            pin = strict::pin(&fs::read_to_string(format!("{dir}/ca.pem"))?)?;
        }
        let text = template
            .replace("@PORT@", &port.to_string())
            .replace("@ADMIN@", &(port + 1).to_string())
            .replace("@OPENAI@", &options.port.to_string())
            .replace("@CLAUDE@", &(options.port + 1).to_string())
            .replace("@REDIS@", &options.redis().port().to_string())
            .replace("@OPENAI_KEY@", OPENAI_KEY)
            .replace("@HTTP@", http)
            .replace("@PIN@", &pin)
            .replace("@DNS@", &dns)
            .replace("@NAME@", &name)
            .replace("@DIR@", dir);
        let path = format!("{dir}/{name}.yaml");
        fs::write(&path, text)?;
        let process = match target.kind {
            Kind::Nginx => Process::start(CORE, &options.nginx, &["-c", &path])?,
            Kind::Envoy => Process::start(
                CORE,
                &options.envoy,
                &["-c", &path, "--concurrency", "1", "--disable-hot-restart", "-l", "error"],
            )?,
            Kind::Egret | Kind::Unlimited | Kind::Shared | Kind::Strict => {
                Process::start(CORE, &options.egret, &["run", "--config", &path])?
            }
        };
        let (address, admin) = (([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], port + 1).into());
        let key = match target.kind {
            Kind::Strict => issuer.token("prod", "checkout"),
            _ => CALLER_KEY.to_owned(),
        };
        let proxy = Self { target, address, admin, process, key };
        proxy.answers().await?;
        Ok(proxy)
    }

    /// The sum of a metric of Egret's over its series; zero if it has none.
    pub async fn metric(&self, name: &str) -> Result<f64> {
        let mut connection = Connection::open(self.admin).await?;
        connection.send(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\n\r\n").await?;
        let mut text = Vec::new();
        connection.each_piece(|piece| text.extend_from_slice(piece)).await?;
        let text = String::from_utf8(text)?;
        let series = text.lines().filter_map(|line| line.strip_prefix(name)?.split_once('}'));
        Ok(series.filter_map(|(_, value)| value.trim().parse::<f64>().ok()).sum())
    }

    async fn answers(&self) -> Result<()> {
        let request = http::request(&crate::workload::small(crate::workload::MODEL), &self.key);
        let mut last = String::new();
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            match Connection::open(self.address).await {
                Ok(mut connection) => match connection.exchange(&request).await {
                    Ok(()) => return Ok(()),
                    Err(error) => last = error.to_string(),
                },
                Err(error) => last = error.to_string(),
            }
        }
        Err(format!("{} does not answer: {last}", self.target.name()).into())
    }
}
