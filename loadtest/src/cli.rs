//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::audit::Sample;
use crate::client::address_of;
use crate::compare::Comparison;
use crate::failure::Failure;
use crate::kafka::pick::Pick;
use crate::kafka::{self, Publishing};
use crate::order::Profile;
use crate::quantity::Quantity;
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
    /// Start Onhand and the ceiling, let them take turns, print the ratios.
    CompareCeiling(CompareCeiling),
    /// Fill a topic with till sales, let Onhand read it, audit, and compare it with a bare loop.
    Kafka(Kafka),
}

/// Open or closed loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// Each connection sends when it has its answer: how much is possible.
    Closed,
    /// A constant rate, whatever the answers do: how long it takes then.
    Open,
}

/// `run`
#[derive(Debug, Args)]
pub struct Run {
    /// The server under test.
    #[arg(long, default_value = "http://127.0.0.1:7070")]
    pub url: String,
    /// Start a ceiling server and test that instead. It keeps nothing, so there is no audit.
    #[arg(long, conflicts_with = "url")]
    pub ceiling: bool,
    /// Shape of the load.
    #[arg(long, value_enum, default_value = "spread")]
    pub profile: Profile,
    /// Who decides when the next request leaves.
    #[arg(long, value_enum, default_value = "closed")]
    pub mode: Mode,
    /// Requests per second of the open loop.
    #[arg(long, required_if_eq("mode", "open"))]
    pub rate: Option<u64>,
    /// Reservations per call of `POST /v1/reservations:batch`.
    #[arg(long)]
    pub batch: Option<u64>,
    /// No audit.
    #[arg(long)]
    pub no_audit: bool,
    /// Read every acknowledged reservation again, not a sample.
    #[arg(long, conflicts_with = "sample")]
    pub audit_all: bool,
    /// About how many acknowledged reservations the audit reads again.
    #[arg(long, default_value_t = 200_000)]
    pub sample: u64,
    /// Readers that read the run's ledger meanwhile, page by page, as fast as they can.
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=64))]
    pub ledger_readers: u16,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// What all runs have.
    #[command(flatten)]
    pub load: Load,
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

/// `compare-ceiling`
#[derive(Debug, Args)]
pub struct CompareCeiling {
    /// The program `onhand`.
    #[arg(long)]
    pub onhand_binary: PathBuf,
    /// Where its data directory is made and removed again; not a RAM disk.
    #[arg(long)]
    pub data_parent: Option<PathBuf>,
    /// Turns of each contestant.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Reservations per call of the batch turns.
    #[arg(long, default_value_t = 1_000)]
    pub batch: u64,
    /// Connections of the batch turns.
    #[arg(long, default_value_t = 8)]
    pub batch_connections: usize,
    /// About how many acknowledged reservations each audit reads again.
    #[arg(long, default_value_t = 20_000)]
    pub sample: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// What all runs have.
    #[command(flatten)]
    pub load: Load,
}

/// `kafka`
#[derive(Debug, Args)]
pub struct Kafka {
    /// The program `onhand`.
    #[arg(long)]
    pub onhand_binary: PathBuf,
    /// The broker, as `host:port`. The topics of the run are removed at its end.
    #[arg(long)]
    pub bootstrap: String,
    /// Where the data directory is made and removed again; not a RAM disk.
    #[arg(long)]
    pub data_parent: Option<PathBuf>,
    /// Sales in the topic.
    #[arg(long, default_value_t = 1_000_000)]
    pub sales: u64,
    /// Positions that they are of.
    #[arg(long, default_value_t = 100_000)]
    pub positions: u32,
    /// How they are spread over the positions.
    #[arg(long, value_enum, default_value = "even")]
    pub pick: Pick,
    /// Whether every change is published meanwhile.
    #[arg(long, value_enum, default_value = "on")]
    pub publishing: Publishing,
    /// Partitions of the topics.
    #[arg(long, default_value_t = 6)]
    pub partitions: u16,
    /// Received at each position before. The default does not run out.
    #[arg(long, default_value = "1000000000")]
    pub stock: Quantity,
    /// Seed of the sales.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
}

impl Kafka {
    /// The settings of the run.
    #[must_use]
    pub fn settings(&self) -> kafka::Settings {
        kafka::Settings {
            binary: self.onhand_binary.clone(),
            data_parent: self.data_parent.clone(),
            bootstrap: self.bootstrap.clone(),
            sales: self.sales,
            positions: self.positions,
            pick: self.pick,
            publishing: self.publishing,
            partitions: self.partitions,
            stock: self.stock,
            seed: self.seed,
        }
    }
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
            keys: if self.no_keys { Keys::Omitted } else { Keys::Sent },
            stock: self.stock,
            ttl_seconds: self.ttl,
            audit: None,
            ledger_readers: 0,
            seed: self.seed,
        })
    }
}

impl Run {
    /// The settings of a run against `address`, or against `--url`.
    ///
    /// # Errors
    /// When they make no sense.
    pub fn settings(&self, ceiling: Option<SocketAddr>) -> Result<Settings, Failure> {
        let address = ceiling.map_or_else(|| address_of(&self.url), Ok)?;
        if self.mode == Mode::Closed && self.rate.is_some() {
            return Err(Failure::Settings("--rate goes with --mode open".into()));
        }
        if ceiling.is_some() && self.profile == Profile::Lifecycle {
            return Err(Failure::Settings("the ceiling knows no lifecycle".into()));
        }
        let audit = match (self.no_audit || ceiling.is_some(), self.audit_all) {
            (true, _) => None,
            (false, true) => Some(Sample::All),
            (false, false) => Some(Sample::AtMost(self.sample)),
        };
        if ceiling.is_some() && self.ledger_readers > 0 {
            return Err(Failure::Settings("the ceiling keeps no ledger".into()));
        }
        let (profile, rate, batch) = (self.profile, self.rate, self.batch);
        let ledger_readers = self.ledger_readers;
        let load = self.load.settings(address)?;
        Ok(Settings { profile, rate, batch, audit, ledger_readers, ..load })
    }
}

impl CompareCeiling {
    /// The comparison.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn comparison(&self) -> Result<Comparison, Failure> {
        let overwritten = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Comparison {
            binary: self.onhand_binary.clone(),
            data_parent: self.data_parent.clone(),
            rounds: self.rounds,
            single: self.load.settings(overwritten)?,
            batch: self.batch,
            batch_connections: self.batch_connections,
            sample: self.sample,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(words: &str) -> Result<Settings, String> {
        let words = ["loadtest", "run"].into_iter().chain(words.split_whitespace());
        let cli = Cli::try_parse_from(words).map_err(|wrong| wrong.to_string())?;
        let Task::Run(run) = cli.command else { unreachable!("`run` was given") };
        run.settings(None).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn the_parser_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn defaults_are_those_of_a_checkout() {
        let settings = run("").unwrap();
        assert_eq!((settings.connections, settings.keys), (256, Keys::Sent));
        assert_eq!(settings.audit, Some(Sample::AtMost(200_000)));
        assert_eq!(settings.address.port(), 7070);
    }

    #[test]
    fn settings_reach_the_run() {
        let settings =
            run("--mode open --rate 500 --no-keys --stock 12.5 --audit-all --seconds 0.5").unwrap();
        assert_eq!((settings.rate, settings.keys), (Some(500), Keys::Omitted));
        assert_eq!(settings.stock.to_string(), "12.5");
        assert_eq!(settings.audit, Some(Sample::All));
        assert_eq!(settings.measured, Duration::from_millis(500));
        assert_eq!(run("--no-keys --keys").unwrap().keys, Keys::Sent);
        assert_eq!(run("--no-audit").unwrap().audit, None);
    }

    #[test]
    fn sales_over_kafka_are_a_million_evenly_and_published() {
        let words = "loadtest kafka --onhand-binary onhand --bootstrap 127.0.0.1:9092";
        let cli = Cli::try_parse_from(words.split_whitespace()).unwrap();
        let Task::Kafka(kafka) = cli.command else { unreachable!("`kafka` was given") };
        let settings = kafka.settings();
        assert_eq!((settings.sales, settings.positions), (1_000_000, 100_000));
        assert_eq!((settings.pick, settings.publishing), (Pick::Even, Publishing::On));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for words in [
            "--mode open",
            "--rate 5",
            "--profile cold",
            "--stock many",
            "--seconds -1",
            "--url https://127.0.0.1:1",
            "--audit-all --sample 5",
        ] {
            assert!(run(words).is_err(), "{words}");
        }
    }
}
