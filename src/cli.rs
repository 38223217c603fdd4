//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

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
  egret spend --by caller,day             what was spent, by whom

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

const SPEND: &str = "\
Examples:
  egret spend                                        this month, by caller and model
  egret spend --by namespace,day --from 2026-11-01   since then, day by day
  egret spend --format focus > november.csv          for finance (focus.finops.org)

What is charged without knowing what the provider billed (an answer that was cut off, say) is marked
as estimated. From another machine it takes the token that the configuration names under `admin`, in
EGRET_ADMIN_TOKEN.";

const BUDGETS: &str = "\
Examples:
  egret budgets                                                        what they stand at
  egret budgets top-up daily 50USD --of checkout --until 2026-12-31    once, on top of the limit
  egret budgets reset daily --of checkout                              as if nothing was spent

Changes need the token that the configuration names under `admin`, in EGRET_ADMIN_TOKEN.";

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
    /// Show what was spent, by whom and for what
    #[command(after_help = SPEND)]
    Spend(SpendArgs),
    /// Show budgets, top them up, reset them
    #[command(after_help = BUDGETS)]
    Budgets(BudgetsArgs),
    /// Run simulators of the three providers, to test against
    Simulate(SimulateArgs),
}

/// Where the gateway's admin listener is.
#[derive(Debug, Args)]
pub struct AdminArgs {
    /// The admin listener of the gateway, as its configuration has it under `admin`
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:9090", global = true)]
    pub admin: String,
}

/// What of the statement is shown.
#[derive(Debug, Args)]
pub struct SpendArgs {
    /// Where to ask.
    #[command(flatten)]
    pub admin: AdminArgs,
    /// First day (UTC), as 2026-11-01; this month's first if left out
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// Last day (UTC); today if left out
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// What to tell apart: day, caller, group, namespace, service_account, route, backend,
    /// provider, model
    #[arg(long, value_name = "COLUMNS", default_value = "caller,model")]
    pub by: String,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How a statement is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// For spreadsheets
    Csv,
    /// For programs
    Json,
    /// For finance: CSV with the columns of FOCUS, a row for each day and everything told apart
    Focus,
}

/// What is done with budgets.
#[derive(Debug, Args)]
pub struct BudgetsArgs {
    /// Where to ask.
    #[command(flatten)]
    pub admin: AdminArgs,
    /// What to do; shows them if left out.
    #[command(subcommand)]
    pub action: Option<BudgetsAction>,
}

/// What is done with budgets.
#[derive(Debug, Subcommand)]
pub enum BudgetsAction {
    /// Show what they stand at
    List {
        /// Write JSON
        #[arg(long)]
        json: bool,
    },
    /// Grant one something on top of its limit, once
    TopUp {
        /// The budget's name
        name: String,
        /// How much, such as 50USD or '1_000_000 tokens'
        amount: String,
        /// Which counter: the caller, the model, …; not for a total
        #[arg(long, value_name = "COUNTER")]
        of: Option<String>,
        /// The last day that it is good on (UTC), as 2026-12-31, or a time, as 2026-12-31T18:00:00Z
        #[arg(long, value_name = "DATE")]
        until: String,
    },
    /// Let one begin anew, as if nothing had been spent in this window
    Reset {
        /// The budget's name
        name: String,
        /// Which counter: the caller, the model, …; not for a total
        #[arg(long, value_name = "COUNTER")]
        of: Option<String>,
    },
}

/// How to run the simulators.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Where the simulator of OpenAI listens; Claude's and Gemini's take the next two ports
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9101")]
    pub address: SocketAddr,
    /// Where the certificate of their CA is written, as ca.pem, and its revocation list, as ca.crl
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
