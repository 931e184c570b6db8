//! Onhand, a durable stock engine: the doors, the command line and `main`.

mod backup;
mod brokers;
mod cli;
mod config;
mod dialect;
mod exit;
mod export;
mod http;
mod import;
mod metrics;
mod proof;
mod server_file;
mod shutdown;
mod telemetry;
mod tools;

use clap::Parser;

use cli::Cli;
use exit::Exit;

/// Requests allocate and free small things on the same thread, which is what it is made for.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Exit {
    Cli::parse().run()
}
