//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

/// The egress gateway for AI traffic.
///
/// Point the OpenAI, Anthropic or Google GenAI SDK at it: Egret knows who is calling, holds the
/// call to its budget, adds the provider's key, and speaks the provider's schema.
#[derive(Debug, Parser)]
#[command(name = "egret", version, arg_required_else_help = true, after_help = EXAMPLES)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  egret demo                              see it work: no key, no network
  OPENAI_API_KEY=… egret run              a gateway for this machine, on 127.0.0.1:8080
  egret check --config conf/egret.yaml    every mistake in a file, and what to write instead
  egret run --config conf/egret.yaml      the real thing

Then, for example:
  OPENAI_BASE_URL=http://127.0.0.1:8080/v1 python app.py
  ANTHROPIC_BASE_URL=http://127.0.0.1:8080 node app.js";

const RUN: &str = "\
Without a file, providers come from OPENAI_API_KEY, ANTHROPIC_API_KEY and GEMINI_API_KEY (or
GOOGLE_API_KEY), and whoever is on this machine may call 127.0.0.1:8080.

Signals:
  SIGHUP     read the configuration again (a change to the file is noticed anyway)
  SIGTERM    take no new requests, finish the streams in flight, settle the budgets, stop";

const CHECK: &str = "\
Exit code:
  0    the configuration is good
  1    something is wrong: every problem is printed as file:line:column, with what to write instead
  2    the file cannot be read, or the command line is wrong";

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the gateway
    #[command(after_help = RUN)]
    Run {
        /// Configuration file; see conf/egret.yaml and conf/reference.yaml
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
    /// Check a configuration without starting
    #[command(after_help = CHECK)]
    Check {
        /// Configuration file
        #[arg(long, value_name = "FILE")]
        config: PathBuf,
    },
    /// See it work against simulated providers: no key, no network
    Demo {
        /// Stop after the table instead of serving on
        #[arg(long)]
        exit: bool,
    },
    /// Run simulators of the three providers, to test against
    Simulate(SimulateArgs),
}

/// How to run the simulators.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where the simulator of OpenAI listens; Claude's and Gemini's take the next two ports
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9101")]
    pub address: SocketAddr,
    /// Where the certificate of their CA is written, as ca.pem
    #[arg(long, value_name = "DIRECTORY", default_value = ".")]
    pub dir: PathBuf,
    /// Where they can be told what to do, and asked for their bills
    #[arg(long, value_name = "ADDRESS")]
    pub control: Option<SocketAddr>,
    /// Offer HTTP/1.1 only
    #[arg(long)]
    pub http1_only: bool,
    /// Serve plain HTTP
    #[arg(long)]
    pub plain: bool,
    /// For benchmarks: validate nothing, remember nothing
    #[arg(long)]
    pub lenient: bool,
}
