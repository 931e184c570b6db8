//! The command line: one file for each command whose words need translating; the others bear theirs
//! themselves.

mod compare;
mod curve;
mod kafka;
mod run;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

pub use self::compare::Compare;
pub use self::curve::Curve;
pub use self::kafka::Kafka;
pub use self::run::{Mode, Run};
use crate::availability::Availability;
use crate::expiry::Expiry;
use crate::failure::Failure;
use crate::growth::Growth;
use crate::order::Profile;
use crate::quantity::Quantity;
use crate::recovery::Recovery;
use crate::request::Keys;
use crate::run::Settings;
use crate::warehouse::Warehouse;

/// Load for the Onhand HTTP API, from outside, with an audit of what was acknowledged.
#[derive(Debug, Parser)]
#[command(name = "loadtest", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Task,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Task {
    /// Send load and audit the outcome. Exit code 1: the audit failed; 2: no run was possible.
    Run(Run),
    /// Serve the ceiling: the same JSON in and out, and nothing in between.
    Ceiling {
        /// Address to listen on; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:7071")]
        listen: SocketAddr,
    },
    /// Start Onhand, the ceiling, `PostgreSQL` and Redis, let them take turns, print the ratios.
    #[command(alias = "compare-ceiling")]
    Compare(Compare),
    /// Latency against load: open loops from a tenth of the capacity to all of it.
    Curve(Curve),
    /// The same load on servers of different size, memory per position, and their restart.
    Growth(Growth),
    /// How long a start takes after `kill -9`, against the length of the log.
    Recovery(Recovery),
    /// A million holds that end, and a hundred thousand at one instant while others buy.
    Expiry(Expiry),
    /// Ten thousand pairs of item and location in one call.
    Availability(Availability),
    /// Fill a topic with till sales, let Onhand and Kafka Streams read it, audit, and compare both with
    /// a bare loop. Starts a broker of its own, unless it is told of one.
    Kafka(Kafka),
}

/// What all runs have.
#[derive(Debug, Args)]
pub struct Load {
    /// Connections, shared by the threads.
    #[arg(long, default_value_t = 256)]
    pub connections: usize,
    /// Threads of the generator.
    #[arg(long, default_value_t = 1)]
    pub threads: u16,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 10.0)]
    pub seconds: f64,
    /// Seconds before that.
    #[arg(long, default_value_t = 2.0)]
    pub warmup: f64,
    /// Items.
    #[arg(long, default_value_t = 10_000)]
    pub items: u32,
    /// Locations: each item is at each.
    #[arg(long, default_value_t = 1)]
    pub locations: u32,
    /// Received at each position before the run. The default does not run out.
    #[arg(long, default_value = "1000000000")]
    pub stock: Quantity,
    /// Deadline of reservations that are not meant to expire, in seconds.
    #[arg(long, default_value_t = 900)]
    pub ttl: u32,
    /// Send an Idempotency-Key with every write (the default).
    #[arg(long, overrides_with = "no_keys")]
    pub keys: bool,
    /// Send no Idempotency-Key.
    #[arg(long)]
    pub no_keys: bool,
    /// Seed of the orders.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Load {
    fn settings(&self, address: SocketAddr) -> Result<Settings, Failure> {
        let length = |seconds: f64| {
            Duration::try_from_secs_f64(seconds)
                .map_err(|wrong| Failure::Settings(format!("{seconds} seconds: {wrong}")))
        };
        Ok(Settings {
            address,
            profile: Profile::Spread,
            rate: None,
            connections: self.connections,
            threads: self.threads,
            measured: length(self.seconds)?,
            warmup: length(self.warmup)?,
            warehouse: Warehouse { items: self.items, locations: self.locations },
            batch: None,
            orders: None,
            keys: if self.no_keys { Keys::Omitted } else { Keys::Sent },
            stock: self.stock,
            ttl_seconds: self.ttl,
            audit: None,
            seed: self.seed,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
