//! What the engine answers to a command.

use std::sync::Arc;

use onhand_domain::change::Change;
use onhand_domain::rejection::Rejection;
use onhand_domain::reservation::Reservation;

use crate::error::Failure;

/// What was done.
#[derive(Debug, Clone)]
pub struct Changed {
    /// Number of the record.
    pub sequence: u64,
    /// The log it stands in.
    pub log: u16,
    /// What the record says.
    pub change: Box<Change>,
    /// Whether it was done before, under the same idempotency key or shipment.
    pub replayed: bool,
}

/// An answer. It leaves the engine only when everything it rests on is durable.
#[derive(Debug, Clone)]
pub enum Reply {
    /// It was done, and a record says so.
    Changed(Changed),
    /// It is so already; nothing was done.
    Unchanged {
        /// The reservation as it is.
        reservation: Arc<Reservation>,
        /// The record of this answer when it is bound to a key, else the one that last changed the reservation.
        sequence: u64,
        /// Whether the same answer was given before.
        replayed: bool,
    },
    /// "No", as a correct answer.
    Refused {
        /// Why.
        rejection: Box<Rejection>,
        /// The record that binds the refusal to its key.
        sequence: Option<u64>,
        /// Whether it was given before, under the same key.
        replayed: bool,
    },
    /// A message of a source that was acted on already, or a dead letter settled in this way already.
    Passed,
    /// Its event was acted on already; the source stands where it stood.
    Duplicate {
        /// The record that did it.
        sequence: u64,
    },
    /// No answer; see [`Failure`].
    Failed(Failure),
}

impl Reply {
    /// The answer that a record holds.
    #[must_use]
    pub fn of_record(sequence: u64, log: u16, mut change: Box<Change>, replayed: bool) -> Self {
        use onhand_domain::change::Cause;
        if let Some(rejection) = change.refusal.take() {
            return Self::Refused { rejection, sequence: Some(sequence), replayed };
        }
        match (&change.cause, &change.reservation) {
            (Cause::Unchanged, Some(reservation)) => {
                Self::Unchanged { reservation: Arc::clone(reservation), sequence, replayed }
            }
            _ => Self::Changed(Changed { sequence, log, change, replayed }),
        }
    }
}
