//! Onhand, a durable stock engine: the doors and the command line. The binary beside it only calls
//! [`run`]; nothing else is promised to anybody, `fuzz` least of all.

mod backup;
mod brokers;
mod cli;
mod config;
mod dialect;
mod exit;
mod export;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod http;
mod import;
mod metrics;
mod proof;
mod server_file;
mod shutdown;
mod telemetry;
mod tools;

use std::process::{ExitCode, Termination};

use clap::Parser;

use cli::Cli;

/// Does what the command line of this process says, and tells with which code to end.
pub fn run() -> ExitCode {
    Cli::parse().run().report()
}
