//! `compare`: Onhand, its ceiling and its peers, in turns.

use std::net::SocketAddr;

use clap::Args;

use super::Load;
use crate::compare::Comparison;
use crate::failure::Failure;
use crate::history::Note;
use crate::peers::Peer;
use crate::server::Installation;

/// `compare`
#[derive(Debug, Args)]
pub struct Compare {
    /// Which `onhand`.
    #[command(flatten)]
    pub onhand: Installation,
    /// Who else takes part; by default whoever is installed.
    #[arg(long, value_enum, value_delimiter = ',', conflicts_with = "no_peers")]
    pub peers: Option<Vec<Peer>>,
    /// Only Onhand and the ceiling.
    #[arg(long)]
    pub no_peers: bool,
    /// Turns of each contestant.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Reservations per call of the batch turns.
    #[arg(long, default_value_t = 1_000)]
    pub batch: u64,
    /// Connections of the batch turns.
    #[arg(long, default_value_t = 8)]
    pub batch_connections: usize,
    /// Connections of `PostgreSQL`: each is a process, and more than this make it slower.
    #[arg(long, default_value_t = 64)]
    pub postgres_connections: usize,
    /// Reservations that a connection to Redis sends at once in the turn that pipelines.
    #[arg(long, default_value_t = 64)]
    pub redis_depth: usize,
    /// About how many acknowledged reservations each audit reads again.
    #[arg(long, default_value_t = 20_000)]
    pub sample: u64,
    /// Print one line of JSON.
    #[arg(long)]
    pub json: bool,
    /// Where the figures are noted.
    #[command(flatten)]
    pub note: Note,
    /// What all runs have.
    #[command(flatten)]
    pub load: Load,
}

impl Compare {
    /// The comparison.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn comparison(&self) -> Result<Comparison, Failure> {
        let overwritten = SocketAddr::from(([127, 0, 0, 1], 0));
        Ok(Comparison {
            onhand: self.onhand.clone(),
            rounds: self.rounds,
            single: self.load.settings(overwritten)?,
            batch: self.batch,
            batch_connections: self.batch_connections,
            sample: self.sample,
            peers: self.peers(),
            postgres_connections: self.postgres_connections,
            redis_depth: self.redis_depth,
        })
    }

    /// Those that were named, or those that are there; who is not is told.
    fn peers(&self) -> Vec<Peer> {
        if self.no_peers {
            return Vec::new();
        }
        if let Some(named) = &self.peers {
            return named.clone();
        }
        let (there, absent): (Vec<_>, Vec<_>) =
            [Peer::Postgres, Peer::Redis].into_iter().partition(|peer| peer.is_installed());
        for peer in absent {
            eprintln!("{} is not installed and has no turn", peer.name());
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Task};

    fn compare(words: &str) -> Result<Compare, String> {
        let words = ["loadtest", "compare"].into_iter().chain(words.split_whitespace());
        let cli = <Cli as clap::Parser>::try_parse_from(words).map_err(|it| it.to_string())?;
        let Task::Compare(compare) = cli.command else { unreachable!("`compare` was given") };
        Ok(compare)
    }

    #[test]
    fn peers_are_those_named_or_none() {
        let named = compare("--peers redis,postgres").unwrap().comparison().unwrap();
        assert_eq!(named.peers, [Peer::Redis, Peer::Postgres]);
        assert!(compare("--no-peers").unwrap().comparison().unwrap().peers.is_empty());
        assert!(compare("--no-peers --peers redis").is_err());
        assert!(compare("--history x.jsonl").is_err(), "a line needs its commit");
    }
}
