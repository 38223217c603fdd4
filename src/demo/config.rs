//! The demo's configuration.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use providers::Schema;
use serde::Serialize;

use crate::budget::Money;
use crate::simulator::{Provider, Running};

/// Where the gateway listens.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// For workloads.
    pub gateway: SocketAddr,
    /// For health and metrics.
    pub admin: SocketAddr,
}

/// A workload, and the SDK it is written with.
#[derive(Debug)]
pub struct Caller {
    /// Its name.
    pub name: &'static str,
    /// Its key, known to the gateway only.
    pub key: &'static str,
    /// The SDK.
    pub sdk: &'static str,
    /// What that SDK speaks.
    pub schema: Schema,
}

/// Three workloads, one for each SDK.
pub const CALLERS: [Caller; 3] = [
    Caller { name: "checkout", key: "egret-checkout", sdk: "OpenAI", schema: Schema::Chat },
    Caller { name: "search", key: "egret-search", sdk: "Anthropic", schema: Schema::Claude },
    Caller { name: "support", key: "egret-support", sdk: "Google GenAI", schema: Schema::Gemini },
];

/// What each of them may spend a day.
pub const BUDGET: Money = Money::from_nanos(1_000_000_000);

/// The model that is asked for at each provider.
pub const fn model(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "gpt-5.4",
        Provider::Claude => "claude-sonnet-5",
        Provider::Gemini => "gemini-2.5-pro",
    }
}

/// The credential that each simulator asks for. The workloads never see it.
pub const fn credential(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "sk-demo-provider-key-of-openai",
        Provider::Claude => "sk-ant-demo-provider-key-of-anthropic",
        Provider::Gemini => "AIza-demo-provider-key-of-google",
    }
}

/// The environment variable that holds a provider's credential.
const fn variable(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "OPENAI_API_KEY",
        Provider::Claude => "ANTHROPIC_API_KEY",
        Provider::Gemini => "GEMINI_API_KEY",
    }
}

/// The demo's environment: providers' credentials and callers' keys by variable.
pub fn secret(name: &str) -> Option<&'static str> {
    let provider = Provider::ALL.into_iter().find(|provider| variable(*provider) == name);
    let caller = || CALLERS.iter().find(|caller| key_variable(caller) == name);
    provider.map(credential).or_else(|| caller().map(|caller| caller.key))
}

fn key_variable(caller: &Caller) -> String {
    format!("{}_KEY", caller.name.to_uppercase())
}

/// The configuration as an operator would write it.
#[derive(Serialize)]
struct File<'a> {
    listeners: [Address; 1],
    admin: Address,
    backends: BTreeMap<&'a str, Backend<'a>>,
    routes: Vec<Route<'a>>,
    callers: Vec<Known<'a>>,
    budgets: [Budget<'a>; 2],
    ledger: &'a str,
}

#[derive(Serialize)]
struct Address {
    address: SocketAddr,
}

#[derive(Serialize)]
struct Backend<'a> {
    schema: &'a str,
    url: String,
    allow_private: bool,
    credential: Env,
    tls: Tls<'a>,
}

#[derive(Serialize)]
struct Env {
    env: String,
}

#[derive(Serialize)]
struct Tls<'a> {
    ca: &'a Path,
    sni: &'a str,
}

#[derive(Serialize)]
struct Route<'a> {
    models: [&'a str; 1],
    backends: [&'a str; 1],
}

#[derive(Serialize)]
struct Known<'a> {
    name: &'a str,
    key: Env,
}

#[derive(Serialize)]
struct Budget<'a> {
    name: &'a str,
    per: &'a str,
    limit: String,
    window: &'a str,
}

/// The configuration in YAML.
///
/// # Errors
///
/// In words, if it can't be written.
pub fn yaml(simulators: &[Running], ports: Ports, ca: &Path) -> Result<String, String> {
    let backends = simulators.iter().zip(Provider::ALL).map(|(simulator, provider)| {
        let credential = Env { env: variable(provider).to_owned() };
        let url = match provider {
            // OpenAI's SDKs count `/v1` as part of the base URL.
            Provider::OpenAi => format!("https://{}/v1", simulator.address()),
            Provider::Claude | Provider::Gemini => format!("https://{}", simulator.address()),
        };
        let tls = Tls { ca, sni: "localhost" };
        (
            provider.name(),
            Backend { schema: provider.name(), url, allow_private: true, credential, tls },
        )
    });
    let routes = [("gpt-*", "openai"), ("claude-*", "claude"), ("gemini-*", "gemini")];
    let callers = CALLERS
        .iter()
        .map(|caller| Known { name: caller.name, key: Env { env: key_variable(caller) } });
    let budget = |name, limit| Budget { name, per: "caller", limit, window: "day" };
    let file = File {
        listeners: [Address { address: ports.gateway }],
        admin: Address { address: ports.admin },
        backends: backends.collect(),
        routes: routes
            .map(|(model, backend)| Route { models: [model], backends: [backend] })
            .into(),
        callers: callers.collect(),
        budgets: [
            budget("dollars", format!("{} USD", BUDGET.nanos() / 1_000_000_000)),
            budget("tokens", "1000000 tokens".to_owned()),
        ],
        ledger: "memory",
    };
    serde_yaml::to_string(&file).map_err(|e| format!("cannot write the configuration: {e}"))
}
