//! Onhand against the ceiling and against what a team would take instead, in turns: what disturbs the
//! machine disturbs all of them.

pub mod table;

use std::time::Duration;

use self::table::{Measured, Table};
use crate::audit::Sample;
use crate::failure::Failure;
use crate::machine::LoadAverage;
use crate::order::Profile;
use crate::peers::{self, Peer};
use crate::report::grouped;
use crate::run::{Settings, carry_out};
use crate::server::{Installation, Server};

/// Pause between turns: what the last one left to do (dirty pages, expiry) is not the next one's burden.
const TURN_PAUSE: Duration = Duration::from_millis(300);

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Which `onhand`; the peers' data lies beside its own.
    pub onhand: Installation,
    /// How often each contestant has its turn.
    pub rounds: u32,
    /// Settings of the runs with one reservation per call. The address is overwritten.
    pub single: Settings,
    /// Reservations per call of the batch runs.
    pub batch: u64,
    /// Connections of the batch runs.
    pub batch_connections: usize,
    /// How many reservations each audit reads again.
    pub sample: u64,
    /// Who else takes part.
    pub peers: Vec<Peer>,
    /// Connections of `PostgreSQL`: its best number, not ours. Each is a process.
    pub postgres_connections: usize,
    /// Reservations that a connection to Redis sends at once in the turn that pipelines.
    pub redis_depth: usize,
}

/// Who has a turn, and which.
#[derive(Clone, Debug)]
enum Turn {
    Http(Settings),
    Peer(Peer, peers::Settings),
}

impl Turn {
    fn carry_out(&self) -> Result<Measured, Failure> {
        match self {
            Self::Http(settings) => Ok(Measured::of_report(&carry_out(settings)?)),
            Self::Peer(peer, settings) => {
                let outcome = peers::carry_out(*peer, settings)?;
                Ok(Measured::of_peer(outcome, settings.measured))
            }
        }
    }
}

/// Starts all of them, lets them take turns, and stops them.
///
/// # Errors
/// When a server does not start or a run cannot be carried out.
pub fn compare(comparison: &Comparison) -> Result<Table, Failure> {
    let load = LoadAverage::begin();
    let ceiling = Server::ceiling()?;
    let onhand = comparison.onhand.start(&[])?;
    let turns = comparison.turns(&ceiling, &onhand);
    let mut measured: Vec<Vec<Measured>> = vec![Vec::new(); turns.len()];
    for round in 1..=comparison.rounds {
        for ((name, turn), measured) in turns.iter().zip(&mut measured) {
            let figures = turn.carry_out()?;
            let rate = grouped(figures.operations_per_second);
            eprintln!("round {round} of {}: {name} {rate}/s", comparison.rounds);
            measured.push(figures);
            std::thread::sleep(TURN_PAUSE);
        }
    }
    let names = turns.into_iter().map(|(name, _)| name);
    Ok(Table::new(names.zip(measured).collect(), load.end()))
}

impl Comparison {
    fn turns(&self, ceiling: &Server, onhand: &Server) -> Vec<(&'static str, Turn)> {
        let single = || self.single.clone();
        let audited = |profile| Settings {
            address: onhand.address,
            profile,
            audit: Some(Sample::AtMost(self.sample)),
            ..single()
        };
        let least = u16::try_from(self.batch_connections).unwrap_or(u16::MAX);
        let batch = Settings {
            batch: Some(self.batch),
            connections: self.batch_connections,
            threads: self.single.threads.min(least),
            ..audited(Profile::Spread)
        };
        let stateless = Settings {
            address: ceiling.address,
            profile: Profile::Spread,
            audit: None,
            ..single()
        };
        let mut turns = vec![
            (table::CEILING, Turn::Http(stateless)),
            (table::SPREAD, Turn::Http(audited(Profile::Spread))),
            (table::HOT, Turn::Http(audited(Profile::Hot))),
            (table::BATCH, Turn::Http(batch)),
        ];
        turns.extend(self.peers.iter().flat_map(|peer| self.turns_of(*peer)));
        turns
    }

    fn turns_of(&self, peer: Peer) -> Vec<(&'static str, Turn)> {
        let turn = |profile, connections, depth| {
            let settings = peers::Settings {
                data_parent: self.onhand.data_parent.clone(),
                profile,
                connections,
                depth,
                measured: self.single.measured,
                warmup: self.single.warmup,
                warehouse: self.single.warehouse,
                stock: self.single.stock,
                seed: self.single.seed,
            };
            Turn::Peer(peer, settings)
        };
        let single = self.single.connections;
        match peer {
            Peer::Postgres => vec![
                (table::POSTGRES_SPREAD, turn(Profile::Spread, self.postgres_connections, 1)),
                (table::POSTGRES_HOT, turn(Profile::Hot, self.postgres_connections, 1)),
            ],
            Peer::Redis => vec![
                (table::REDIS_SPREAD, turn(Profile::Spread, single, 1)),
                (table::REDIS_HOT, turn(Profile::Hot, single, 1)),
                (
                    table::REDIS_PIPELINED,
                    turn(Profile::Spread, self.batch_connections, self.redis_depth),
                ),
            ],
        }
    }
}
