//! What runs: simulators, what stands in front of them, and how gateways are configured for it.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egret::simulator::Provider;

use crate::Result;
use crate::faults::{Cause, FAULTS, Fault, Toxin};
use crate::names::{ADDRESSES, NAME, Names};
use crate::process::{Gateway, PATIENCE, Ports, Process};
use crate::toxic::Toxic;

/// Nano-dollars of a token; one of output costs as much for every model.
pub const PRICES: Prices = Prices { input: 500, cached: 125, output: 8000 };

/// Nano-dollars of a token.
pub struct Prices {
    pub input: u64,
    pub cached: u64,
    pub output: u64,
}

/// One row at one provider.
#[derive(Clone, Copy)]
pub struct Place {
    pub row: usize,
    pub provider: usize,
}

impl Place {
    pub fn all() -> impl Iterator<Item = Self> {
        (0..FAULTS.len()).flat_map(|row| (0..3).map(move |provider| Self { row, provider }))
    }

    pub fn fault(self) -> &'static Fault {
        &FAULTS[self.row]
    }

    /// Its backend and its route.
    pub fn name(self) -> String {
        format!("r{}-{}", self.row, Provider::ALL[self.provider].name())
    }

    /// The model that its backend is asked for.
    pub fn model(self) -> String {
        format!("{}-r{}", family(self.provider), self.row)
    }

    /// Who answers instead.
    pub fn other(self) -> usize {
        (self.provider + 1) % 3
    }
}

/// A backend without faults.
pub fn good(provider: usize) -> String {
    format!("good-{}", Provider::ALL[provider].name())
}

/// The model that it is asked for.
pub fn good_model(provider: usize) -> String {
    format!("{}-good", family(provider))
}

const fn family(provider: usize) -> &'static str {
    ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"][provider]
}

/// The simulators, and what stands in front of them.
pub struct World {
    pub dir: tempfile::TempDir,
    pub egret: PathBuf,
    pub client: reqwest::Client,
    fleets: Vec<Fleet>,
    /// The ports that lead to each place, in the order of [`Place::all`].
    doors: Vec<u16>,
    /// Who says where a name is.
    pub names: Names,
    name_server: u16,
    _networks: Vec<Toxic>,
}

struct Fleet {
    name: &'static str,
    _process: Process,
    first: u16,
    control: u16,
}

impl World {
    pub async fn start(egret: &Path, ports: &mut Ports) -> Result<Self> {
        let dir = tempfile::tempdir()?;
        let client = reqwest::Client::builder().http1_only().build()?;
        let mut fleets = Vec::new();
        // The certificates of the second expire.
        for name in ["steady", "expiring"] {
            fleets.push(Fleet::start(egret, dir.path(), name, ports)?);
        }
        let mut networks = Vec::new();
        let mut doors = Vec::new();
        for place in Place::all() {
            let fleet = &fleets[usize::from(place.fault().cause == Cause::Certificate)];
            let simulator = fleet.first + place.provider as u16;
            let to = ([127, 0, 0, 1], simulator).into();
            let door = match place.fault().cause {
                Cause::Network(toxin) => {
                    let at = SocketAddrV4::new(Ipv4Addr::LOCALHOST, ports.next());
                    networks.push(Toxic::start(toxin, at, to).await?);
                    at.port()
                }
                Cause::Names => {
                    let port = ports.next();
                    for address in ADDRESSES {
                        let at = SocketAddrV4::new(address, port);
                        networks.push(Toxic::start(Toxin::Nothing, at, to).await?);
                    }
                    port
                }
                _ => simulator,
            };
            doors.push(door);
        }
        let (egret, name_server) = (egret.to_owned(), ports.next());
        let names = Names::start(name_server).await?;
        let world =
            Self { dir, egret, client, fleets, doors, names, name_server, _networks: networks };
        for fleet in &world.fleets {
            world.until_up(fleet.control, "/__sim/gemini/counts").await?;
        }
        for place in Place::all() {
            let fleet = &world.fleets[usize::from(place.fault().cause == Cause::Certificate)];
            if let Some(rule) = place.fault().rule(&place.model()) {
                world.tell(fleet, place.provider, "script", rule).await?;
            }
        }
        Ok(world)
    }

    async fn until_up(&self, port: u16, path: &str) -> Result<()> {
        let (begun, url) = (Instant::now(), format!("http://127.0.0.1:{port}{path}"));
        loop {
            let response = self.client.get(&url).send().await;
            if response.is_ok_and(|response| response.status() == 200) {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("nobody answers {url}").into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn tell(&self, fleet: &Fleet, provider: usize, what: &str, text: String) -> Result<()> {
        let url = fleet.url(provider, what);
        let answer = self.client.post(url).body(text.clone()).send().await?;
        if answer.status() != 204 {
            return Err(
                format!("{what} of {}: {text}: {}", fleet.name, answer.text().await?).into()
            );
        }
        Ok(())
    }

    /// Lets certificates expire, or renews them.
    pub async fn expire(&self, expired: bool) -> Result<()> {
        for provider in 0..3 {
            let text = if expired { "expired" } else { "valid" };
            self.tell(&self.fleets[1], provider, "certificate", text.to_owned()).await?;
        }
        Ok(())
    }

    /// The simulators' bills, each a JSON object by model.
    pub async fn bills(&self) -> Result<Vec<serde_json::Value>> {
        let mut bills = Vec::new();
        for fleet in &self.fleets {
            for provider in 0..3 {
                let text =
                    self.client.get(fleet.url(provider, "bill")).send().await?.text().await?;
                bills.push(serde_json::from_str(&text)?);
            }
        }
        Ok(bills)
    }

    /// A gateway in front of all of it.
    pub async fn gateway(&self, name: &str, ports: &mut Ports) -> Result<Gateway> {
        let (port, admin) = (ports.next(), ports.next());
        let config = self.dir.path().join(format!("{name}.yaml"));
        fs::write(&config, self.config(name, port, admin))?;
        Gateway::start(self, name, port, admin, config).await
    }

    pub fn run(&self, name: &str, config: &Path) -> Result<Process> {
        let config = config.to_str().ok_or("a folder without a plain name")?;
        Process::start(&self.egret, self.dir.path(), name, &["run", "--config", config])
    }

    fn config(&self, name: &str, port: u16, admin: u16) -> String {
        let ca = |fleet: usize| self.dir.path().join(self.fleets[fleet].name).join("ca.pem");
        let backend = |name: &str, provider: usize, at: (&str, u16), ca: &Path, more: &str| {
            let (host, port) = at;
            let schema = Provider::ALL[provider].name();
            let base = if provider == 0 { "/v1" } else { "" };
            format!(
                "  {name}: {{ schema: {schema}, url: 'https://{host}:{port}{base}', credential: \
                 {{ env: SOAK_{} }}, tls: {{ ca: '{}', sni: localhost }}, allow_private: true, {more} }}\n",
                schema.to_uppercase(),
                ca.display()
            )
        };
        let mut backends = String::new();
        let mut routes = String::new();
        for provider in 0..3 {
            let port = self.fleets[0].first + provider as u16;
            let more = "timeouts: { connect: 60s, first_byte: 60s, idle: 60s }";
            backends += &backend(&good(provider), provider, ("127.0.0.1", port), &ca(0), more);
        }
        for (place, door) in Place::all().zip(&self.doors) {
            let fault = place.fault();
            let http = fault.http(place.row + place.provider);
            let more = format!("http: {http}, timeouts: {}", fault.patience.timeouts());
            let ca = ca(usize::from(fault.cause == Cause::Certificate));
            let host = if fault.cause == Cause::Names { NAME } else { "127.0.0.1" };
            backends += &backend(&place.name(), place.provider, (host, *door), &ca, &more);
            routes += &format!(
                "  - {{ models: [{0}], backends: [{{ backend: {0}, model: {1} }}, {{ backend: {2}, \
                 model: {3} }}] }}\n",
                place.name(),
                place.model(),
                good(place.other()),
                good_model(place.other())
            );
        }
        let Prices { input, cached, output } = PRICES;
        let dollars = |nanos: u64| format!("{}.{:03}", nanos / 1000, nanos % 1000);
        format!(
            "gateway: soak\nlisteners: [{{ address: '127.0.0.1:{port}' }}]\n\
             admin: {{ address: '127.0.0.1:{admin}' }}\nledger: '{}'\n\
             dns: {{ servers: ['udp://127.0.0.1:{}'], min_ttl: 1s, max_ttl: 1s, family: v4 }}\n\
             backends:\n{backends}routes:\n{routes}\
             callers: [{{ name: caller, key: {{ env: SOAK_CALLER }}, group: soak }}]\n\
             prices: [{{ model: '*', input: {}, cache_read: {}, output: {} }}]\n\
             rates: [{{ name: often, per: caller, limit: 1000000 requests, window: second }}]\n\
             budgets:\n\
             \x20 - {{ name: money, per: model, limit: 100000 USD, window: month }}\n\
             \x20 - {{ name: calls, per: model, limit: 1000000000 requests, window: month }}\n\
             \x20 - {{ name: caller, per: caller, limit: 100000 USD, window: day }}\n\
             \x20 - {{ name: at-once, per: caller, limit: 10000 concurrent }}\n",
            self.dir.path().join(format!("{name}.ledger")).display(),
            self.name_server,
            dollars(input),
            dollars(cached),
            dollars(output),
        )
    }
}

impl Fleet {
    fn start(egret: &Path, dir: &Path, name: &'static str, ports: &mut Ports) -> Result<Self> {
        let (first, _, _, control) = loop {
            let four = (ports.next(), ports.next(), ports.next(), ports.next());
            if four.2 == four.0 + 2 {
                break four;
            }
        };
        let folder = dir.join(name);
        let folder = folder.to_str().ok_or("a folder without a plain name")?;
        let (address, at) = (format!("127.0.0.1:{first}"), format!("127.0.0.1:{control}"));
        let arguments = ["simulate", "--address", &address, "--control", &at, "--dir", folder];
        let process = Process::start(egret, dir, name, &arguments)?;
        Ok(Self { name, _process: process, first, control })
    }

    fn url(&self, provider: usize, what: &str) -> String {
        let name = Provider::ALL[provider].name();
        format!("http://127.0.0.1:{}/__sim/{name}/{what}", self.control)
    }
}
