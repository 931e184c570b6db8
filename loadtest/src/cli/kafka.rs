//! `kafka`: till sales over a broker.

use clap::Args;

use crate::history::Note;
use crate::kafka::{self, Publishing, Turn};
use crate::pick::Pick;
use crate::quantity::Quantity;
use crate::server::Installation;

/// `kafka`
#[derive(Debug, Args)]
pub struct Kafka {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// A broker that runs, as `host:port`; the topics of the run are removed at its end. Without it a
    /// broker is started, and ended, by the run.
    #[arg(long)]
    pub bootstrap: Option<String>,
    /// Whether the Kafka Streams application has a turn; `auto`: where there is Java and Maven.
    #[arg(long, value_enum, default_value = "auto")]
    pub streams: Turn,
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
    /// Seconds of sales at half of the rate that was reached, to see how long changes take to their topic
    /// (with publishing only); 0: none.
    #[arg(long, default_value_t = 10)]
    pub paced_seconds: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the figures are noted.
    #[command(flatten)]
    pub note: Note,
}

impl Kafka {
    /// The settings of the run.
    #[must_use]
    pub fn settings(&self) -> kafka::Settings {
        kafka::Settings {
            onhand: self.onhand.clone(),
            bootstrap: self.bootstrap.clone(),
            streams: self.streams,
            sales: self.sales,
            positions: self.positions,
            pick: self.pick,
            publishing: self.publishing,
            partitions: self.partitions,
            stock: self.stock,
            seed: self.seed,
            paced: std::time::Duration::from_secs(self.paced_seconds),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Task};

    #[test]
    fn sales_over_kafka_are_a_million_evenly_and_published() {
        let words = "loadtest kafka";
        let cli = <Cli as clap::Parser>::try_parse_from(words.split_whitespace()).unwrap();
        let Task::Kafka(kafka) = cli.command else { unreachable!("`kafka` was given") };
        let settings = kafka.settings();
        assert_eq!((settings.sales, settings.positions), (1_000_000, 100_000));
        assert_eq!((settings.pick, settings.publishing), (Pick::Even, Publishing::On));
        assert_eq!((settings.bootstrap, settings.streams), (None, Turn::Auto));
    }
}
