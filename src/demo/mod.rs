//! `egret demo`: the whole gateway at work on one machine, without a key and without a network.
//!
//! Simulators of the three providers on loopback, behind real TLS under a CA made on the spot; the
//! real gateway in front of them with a real configuration; and a client that sends every schema
//! to every provider, as the SDKs would.

mod call;
mod config;
mod guide;
mod table;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Runtime;
use tokio::sync::watch;

use self::call::{Call, Client};
use self::config::{CALLERS, Ports};
use self::table::Row;
use crate::budget::{Balance, Ledger, Quantity, SystemClock};
use crate::config::{Live, Surroundings};
use crate::gateway;
use crate::simulator::{Authority, Provider, Running, Simulator};
use crate::snapshot::Snapshot;

/// Where the demo likes to serve; any free port if somebody is there.
const GATEWAY: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);
const ADMIN: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 9090);

/// Runs the demo; with `exit` it stops after the table.
///
/// # Errors
///
/// In words, if something can't be started or does not do what the demo is to show.
pub fn run(exit: bool) -> Result<(), String> {
    let runtime = Runtime::new().map_err(|e| format!("cannot start a runtime: {e}"))?;
    let authority = Authority::new().map_err(|e| format!("cannot make a CA: {e}"))?;
    let simulators = runtime.block_on(simulators(&authority)).map_err(|e| e.to_string())?;
    let ports = Ports { gateway: free(GATEWAY)?, admin: free(ADMIN)? };

    let (live, ledger) = configure(&authority, &simulators, ports)?;
    let (stop, stopped) = watch::channel(false);
    let options = gateway::Options {
        live: live.clone(),
        ledger: ledger.clone(),
        access_log: false,
        stop: Some(stopped),
    };
    let gateway = thread::spawn(move || gateway::serve(options));

    let shown = runtime.block_on(show(ports, &live.pin(), &ledger));
    if shown.is_ok() && !exit {
        println!("{}", guide::text(ports));
    } else {
        // An error means that the gateway has stopped already.
        let _ = stop.send(true);
    }
    let served = gateway.join().map_err(|_| "the gateway failed".to_owned())?;
    served.and(shown)
}

async fn simulators(authority: &Authority) -> io::Result<Vec<Running>> {
    let mut running = Vec::new();
    for provider in Provider::ALL {
        let simulator = Simulator::new(provider, config::credential(provider))
            .tls(authority.issue(&["localhost", "127.0.0.1"])?);
        running.push(simulator.start(([127, 0, 0, 1], 0).into()).await?);
    }
    Ok(running)
}

/// The gateway's configuration, by way of the same YAML that an operator writes.
fn configure(
    authority: &Authority,
    simulators: &[Running],
    ports: Ports,
) -> Result<(Arc<Live>, Arc<Ledger>), String> {
    let directory = std::env::temp_dir().join(format!("egret-demo-{}", std::process::id()));
    let ca = directory.join("ca.pem");
    std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(&ca, authority.ca_pem()))
        .map_err(|e| format!("cannot write {}: {e}", ca.display()))?;
    let snapshot =
        config::yaml(simulators, ports, &ca).and_then(|yaml| snapshot(&yaml, &directory));
    // What was read from it is in memory now; if it can't be removed, it holds no secret.
    let _ = std::fs::remove_dir_all(&directory);

    let ledger = Ledger::open(None, SystemClock).map_err(|e| e.to_string())?;
    Ok((Arc::new(Live::fixed(snapshot?)), ledger))
}

fn snapshot(yaml: &str, directory: &Path) -> Result<Snapshot, String> {
    let env = |name: &str| config::secret(name).map(Into::into);
    let surroundings = Surroundings { directory, state: directory, env: &env };
    Snapshot::from_yaml(yaml, "demo", &surroundings).map_err(|e| e.to_string())
}

/// This address if it is free, else one with another port.
fn free(wish: SocketAddr) -> Result<SocketAddr, String> {
    let any = SocketAddr::new(wish.ip(), 0);
    TcpListener::bind(wish)
        .or_else(|_| TcpListener::bind(any))
        .and_then(|listener| listener.local_addr())
        .map_err(|e| format!("no port is free: {e}"))
}

/// Sends every schema to every provider, streaming and not, then one call too many; prints it.
async fn show(ports: Ports, snapshot: &Snapshot, ledger: &Ledger) -> Result<(), String> {
    let client = Client::new(ports).await?;
    let mut rows = Vec::new();
    for caller in &CALLERS {
        for provider in Provider::ALL {
            for stream in [false, true] {
                let call = Call { caller, provider, stream, text: "Who is there?" };
                rows.push(row(&client, &call, snapshot, ledger).await?);
            }
        }
    }
    // To read a novel costs more than is left.
    let [caller, ..] = &CALLERS;
    let text = "Who is there? ".repeat(200_000);
    let too_much = Call { caller, provider: Provider::Claude, stream: false, text: &text };
    rows.push(row(&client, &too_much, snapshot, ledger).await?);
    table::print(&rows);
    let refused = rows.iter().filter(|row| row.refusal.is_some()).count();
    match refused {
        1 => Ok(()),
        _ => Err(format!("{refused} calls were refused where one should have been")),
    }
}

async fn row(
    client: &Client,
    call: &Call<'_>,
    snapshot: &Snapshot,
    ledger: &Ledger,
) -> Result<Row, String> {
    let (tokens, cost, _) = spent(call.caller.name, snapshot, ledger).await;
    let answer = client.send(call).await?;
    let (tokens_after, cost_after, left) = spent(call.caller.name, snapshot, ledger).await;
    Ok(Row {
        caller: call.caller.name,
        sdk: call.caller.sdk,
        stream: call.stream,
        model: config::model(call.provider),
        backend: answer.backend,
        tokens: tokens_after - tokens,
        cost: cost_after.saturating_sub(cost),
        left,
        refusal: answer.refusal,
    })
}

/// A caller's tokens and dollars spent, and the dollars left, once nothing is under way.
async fn spent(
    caller: &str,
    snapshot: &Snapshot,
    ledger: &Ledger,
) -> (u64, crate::budget::Money, crate::budget::Money) {
    use crate::budget::Money;
    // An answer's last byte may be here before its call is settled.
    while ledger.outstanding() > 0 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let balances = ledger.balances(&snapshot.budgets);
    let of = |unit: fn(&Balance) -> bool| {
        let own = balances.iter().filter(|balance| balance.of == caller);
        own.filter(|balance| unit(balance)).map(|balance| balance.spent.count()).sum::<u64>()
    };
    let tokens = of(|balance| matches!(balance.limit, Quantity::Tokens(_)));
    let nanos = of(|balance| matches!(balance.limit, Quantity::Usd(_)));
    let cost = Money::from_nanos(nanos);
    (tokens, cost, config::BUDGET.saturating_sub(cost))
}
