//! Onhand, a durable stock engine: the doors, the command line and `main`.

mod config;
mod exit;
mod http;
mod server_file;
mod telemetry;

fn main() {}
