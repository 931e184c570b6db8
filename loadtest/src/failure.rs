//! Why a load test could not be carried out. A failed audit is none of these: it is a result.

use std::io;
use std::net::SocketAddr;

use crate::response::Malformed;

/// The run could not be made or finished.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The settings make no sense together.
    #[error("{0}")]
    Settings(String),
    /// Nobody listens there.
    #[error("cannot connect to {address}: {cause}")]
    Connect {
        /// Where.
        address: SocketAddr,
        /// Why.
        cause: io::Error,
    },
    /// It took requests and gave no answers, or went away.
    #[error("{0} has stopped answering")]
    Silent(SocketAddr),
    /// The server does not speak the HTTP of this client.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// An answer came although nothing was asked.
    #[error("the server sent an answer that nobody asked for")]
    Unasked,
    /// The server refused a call without which there is no run.
    #[error("{call} answered {status}: {body}")]
    Refused {
        /// Method and path.
        call: String,
        /// Status.
        status: u16,
        /// Beginning of the body.
        body: String,
    },
    /// A body that is not what the contract says.
    #[error("{call} answered something else than the contract says: {detail}")]
    Contract {
        /// Method and path.
        call: String,
        /// What was wrong.
        detail: String,
    },
    /// A server that was to be started did not start.
    #[error("{server} did not start: {detail}")]
    Start {
        /// Which.
        server: String,
        /// Why, as far as it said so.
        detail: String,
    },
    /// The broker, or its client, failed.
    #[error("Kafka: {0}")]
    Kafka(#[from] rdkafka::error::KafkaError),
    /// `PostgreSQL`, or its client, failed.
    #[error("PostgreSQL: {0}")]
    Postgres(#[from] tokio_postgres::Error),
    /// Redis, or its client, failed.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// Something that must move stands still.
    #[error("{0}")]
    Stalled(String),
    /// The system failed.
    #[error("{0}")]
    Io(#[from] io::Error),
}
