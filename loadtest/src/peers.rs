//! What a team would take instead of a stock engine: the same durable reservation in `PostgreSQL` and
//! in Redis, each in a private instance that ends with the run.
//!
//! The work is that of `POST /v1/reservations` with one line: take the quantity if it is there, write
//! the reservation (its order id is unique, as an idempotency key is), and put an event into an outbox,
//! all or nothing and on disk before the answer. There is no HTTP in between, and the client speaks over
//! a Unix socket: both flatter the peer.

pub mod account;
pub mod instance;
pub mod postgres;
pub mod race;
pub mod redis;

use std::path::PathBuf;
use std::time::Duration;

use crate::failure::Failure;
use crate::order::Profile;
use crate::quantity::Quantity;
use crate::tally::Tally;
use crate::warehouse::Warehouse;

/// Which peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Peer {
    /// `PostgreSQL`, `synchronous_commit = on`.
    Postgres,
    /// Redis, append-only file, `appendfsync always`.
    Redis,
}

impl Peer {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    /// Whether its programs are on this machine.
    #[must_use]
    pub fn is_installed(self) -> bool {
        match self {
            Self::Postgres => postgres::programs().is_some(),
            Self::Redis => instance::program("redis-server").is_some(),
        }
    }
}

/// What a turn of a peer is to be.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the data directory is made; on a RAM disk nothing would be durable.
    pub data_parent: Option<PathBuf>,
    /// Shape: one of those with a single line per reservation.
    pub profile: Profile,
    /// Connections.
    pub connections: usize,
    /// Reservations that a connection sends at once.
    pub depth: usize,
    /// Length of the measured part.
    pub measured: Duration,
    /// Length of the part before it.
    pub warmup: Duration,
    /// Items and locations.
    pub warehouse: Warehouse,
    /// On each shelf at the start.
    pub stock: Quantity,
    /// Seed of the orders.
    pub seed: u64,
}

/// What a turn came to.
#[derive(Debug)]
pub struct Outcome {
    /// Figures of the measured part.
    pub tally: Tally,
    /// What does not agree with what was acknowledged; empty when all does.
    pub findings: Vec<String>,
}

/// Starts the peer, fills its shelves, lets it sell, audits it, ends it.
///
/// # Errors
/// When it does not start or fails; what it did wrong is a finding.
pub fn carry_out(peer: Peer, settings: &Settings) -> Result<Outcome, Failure> {
    if settings.connections == 0 || settings.depth == 0 || settings.measured.is_zero() {
        return Err(Failure::Settings("connections, depth and seconds must be more than 0".into()));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match peer {
        Peer::Postgres => postgres::carry_out(settings, &runtime),
        Peer::Redis => redis::carry_out(settings, &runtime),
    }
}
