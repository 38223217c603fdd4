//! The `egret` command.

use std::process::ExitCode;

use clap::Parser;
use egret::cli::{Cli, Command};
use egret::config::{self, LoadError, Source};
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

    let done = match Cli::parse().command {
        Command::Check { config } => return check(&Source::File(config)),
        Command::Run { config } => {
            egret::gateway::run(config.map_or(Source::Environment, Source::File))
        }
        Command::Demo { exit } => egret::demo::run(exit),
        Command::Simulate(args) => egret::simulator::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
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
