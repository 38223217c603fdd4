//! The `egret` command.

use std::net::SocketAddr;
use std::panic;
use std::process::ExitCode;

use clap::Parser;
use egret::cli::{Cli, Command, SimulateArgs};
use egret::config::{self, LoadError, Source};
use egret::report;
use egret::simulator;
use egret::simulator::control::CREDENTIALS;
use egret::telemetry::log_panic;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::runtime::Runtime;
use tokio_rustls::rustls::crypto::ring;

/// Bodies and streams are many short-lived buffers; this allocator gives memory back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit codes of `egret check`; the others end with 0 or 1.
const WRONG: u8 = 1;
const UNREADABLE: u8 = 2;

fn main() -> ExitCode {
    // Before anything speaks TLS. An error means that one is installed already, and only one is
    // linked.
    let _ = ring::default_provider().install_default();

    start_log();
    panic::set_hook(Box::new(log_panic));
    limit_process();

    let done = match Cli::parse().command {
        Command::Check { config } => return check(&Source::File(config)),
        Command::Run { config } => {
            egret::gateway::run(config.map_or(Source::Environment, Source::File))
        }
        Command::Demo { exit } => egret::demo::run(exit),
        Command::Spend(args) => report::spend(&args),
        Command::Budgets(args) => report::budgets(&args),
        Command::Simulate(args) => simulate(args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the simulators until Ctrl-C.
fn simulate(args: SimulateArgs) -> Result<(), String> {
    let SimulateArgs { address, dir, control, http1_only, plain, lenient } = args;
    let simulators = (0..).zip(CREDENTIALS).map(|(nth, (provider, credential))| {
        let port = address.port().checked_add(nth).ok_or("the ports end at 65535")?;
        Ok((provider, SocketAddr::new(address.ip(), port), credential.to_owned()))
    });
    let simulators = simulators.collect::<Result<_, &str>>()?;
    let options = simulator::Options { dir, simulators, control, http1_only, plain, lenient };
    let runtime = Runtime::new().map_err(|error| format!("cannot start a runtime: {error}"))?;
    runtime.block_on(simulator::run(options)).map_err(|error| format!("simulators: {error}"))
}

/// No core dumps: prompts and keys would be in them (S-40). And as many open files as the system
/// allows, since each connection is one, and each exchange another.
fn limit_process() {
    if let Err(error) = setrlimit(Resource::RLIMIT_CORE, 0, 0) {
        log::warn!("core dumps can't be turned off: {error}");
    }
    let files = getrlimit(Resource::RLIMIT_NOFILE)
        .and_then(|(_, hard)| setrlimit(Resource::RLIMIT_NOFILE, hard, hard));
    if let Err(error) = files {
        log::warn!("the number of open files can't be raised: {error}");
    }
}

/// Messages go to standard error; `RUST_LOG` says which. Standard output is for the access log.
fn start_log() {
    let env = env_logger::Env::default()
        .default_filter_or("info,pingora=error,pingora_core=error,pingora_proxy=error");
    let chosen = env_logger::Builder::from_env(env).build();
    log::set_max_level(chosen.filter());
    // An error means that there is a logger already, and this is the only place that sets one.
    let _ = log::set_boxed_logger(Box::new(Discreet(chosen)));
}

/// A logger that cannot be told to write secrets: below `info` Pingora writes the headers of every
/// request, credentials included, and whatever it can't read, be that a header or a body (S-19).
struct Discreet(env_logger::Logger);

impl log::Log for Discreet {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        let tells = metadata.level() > log::Level::Info && metadata.target().starts_with("pingora");
        !tells && self.0.enabled(metadata)
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.log(record);
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

fn check(source: &Source) -> ExitCode {
    match config::check(source) {
        Ok(summary) => {
            print!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(match error {
                LoadError::Invalid { .. } | LoadError::Environment(_) => WRONG,
                LoadError::Unreadable { .. } => UNREADABLE,
            })
        }
    }
}
